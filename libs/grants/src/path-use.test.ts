import type { Ask } from "@keelson/model";
import { expect, it } from "vitest";

import { leastPermits } from "./least.ts";
import { findPathUses } from "./path-use.ts";

const ask = (value: string, readOnly: boolean): Ask => ({ kind: "paths", value, service: "app", readOnly });

it("each path of a node must have those who use it, and what lies below what another one writes", () => {
  const asks = new Map([
    ["apps/a", [ask("/srv/media", true), ask("/srv/media", true)]],
    ["apps/b", [ask("/srv/media/films", false), ask("/etc/x", true)]],
    ["apps/c", [ask("/srv/media/films/new", true), ask("/srv/media/films", true)]],
    ["apps/d", [ask("media/by-name", true), { ...ask("NET_ADMIN", false), kind: "capabilities" as const }]],
  ]);
  const uses = findPathUses(asks, leastPermits([...asks.values()].flat()));
  expect(uses).toEqual([
    { name: "x", path: "/etc/x", readOnly: true, users: [{ user: "apps/b", readOnly: true }], nested: [] },
    {
      name: "media",
      path: "/srv/media",
      readOnly: true,
      users: [{ user: "apps/a", readOnly: true }],
      nested: [],
    },
    {
      name: "films",
      path: "/srv/media/films",
      readOnly: false,
      users: [
        { user: "apps/b", readOnly: false },
        { user: "apps/c", readOnly: true },
      ],
      nested: [{ user: "apps/c", path: "/srv/media/films/new", writer: "apps/b", below: "/srv/media/films" }],
    },
  ]);
});
