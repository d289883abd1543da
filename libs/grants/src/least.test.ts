import type { Ask, GrantKind } from "@keelson/model";
import { describe, expect, it } from "vitest";

import { isGranted, isPermitted } from "./granted.ts";
import { leastGrants, leastPermits } from "./least.ts";

const ask = (kind: GrantKind, value: string, readOnly?: boolean): Ask => ({
  kind,
  value,
  service: "app",
  ...(readOnly === undefined ? {} : { readOnly }),
});

const asks = [
  ask("paths", "/srv/media/films", false),
  ask("paths", "/srv/media", true),
  ask("paths", "/data/media", true),
  ask("engineSocket", "true"),
  ask("capabilities", "NET_ADMIN"),
  ask("devices", "/dev/dri"),
  ask("devices", "/dev/dri/card0"),
];

describe("the least that grants all", () => {
  it("must name what no other entry covers, and nothing else", () => {
    expect(leastGrants(asks)).toEqual({
      capabilities: ["NET_ADMIN"],
      devices: ["/dev/dri"],
      engineSocket: true,
      paths: ["/data/media", "/srv/media"],
    });
    expect(asks.filter((each) => !isGranted(each, leastGrants(asks)))).toEqual([]);
  });

  it("must name each path of the node, and none writable that is only read", () => {
    const { paths = {} } = leastPermits(asks);
    expect(paths).toEqual({
      films: { path: "/srv/media/films", readOnly: false, nested: false },
      media: { path: "/data/media", readOnly: true, nested: false },
      "media-2": { path: "/srv/media", readOnly: true, nested: false },
    });
    expect(asks.filter((each) => !isPermitted(each, leastPermits(asks)))).toEqual([]);
    for (const name of Object.keys(paths)) {
      const { [name]: _without, ...rest } = paths;
      expect(asks.filter((each) => !isPermitted(each, { ...leastPermits(asks), paths: rest }))).not.toEqual(
        [],
      );
    }
    // What is written covers what is read below it.
    expect(leastPermits([ask("paths", "/srv", false), ask("paths", "/srv/a", true)]).paths).toEqual({
      srv: { path: "/srv", readOnly: false, nested: false },
    });
  });

  it("must drop a capability beside all of them", () => {
    expect(leastGrants([ask("capabilities", "ALL"), ask("capabilities", "NET_RAW")])).toEqual({
      capabilities: ["ALL"],
    });
  });

  it("must leave a path by name to the node", () => {
    const named = [ask("paths", "media/films")];
    expect(leastGrants(named)).toEqual({ paths: ["media/films"] });
    expect(leastPermits(named)).toEqual({});
  });
});
