import type { Ask, NodeGrants } from "@keelson/model";
import { describe, expect, it } from "vitest";

import { findUnusedPermits } from "./unused-permit.ts";

const permit = { readOnly: false, nested: false };
const allow: NodeGrants = {
  paths: { media: { path: "/srv/media", ...permit }, music: { path: "/srv/music", ...permit } },
  engineSocket: true,
  privileged: false,
  capabilities: ["NET_ADMIN", "SYS_TIME"],
  devices: ["/dev/dri"],
  nested: true,
  adopt: ["media"],
};

const asks: Ask[] = [
  { kind: "capabilities", value: "NET_ADMIN", service: "vpn" },
  { kind: "devices", value: "/dev/dri/card0", service: "player" },
  { kind: "paths", value: "/srv/media/films", readOnly: true, service: "player" },
  { kind: "secretEnvironment", value: "PASSWORD", service: "db" },
];

describe("what a node permits", () => {
  it("must be told where no service asks for it any more", () => {
    expect(findUnusedPermits(allow, asks)).toEqual([
      { kind: "paths", value: "music" },
      { kind: "engineSocket", value: "true" },
      { kind: "capabilities", value: "SYS_TIME" },
    ]);
  });

  it("must count a path under the names by which it is granted", () => {
    const named: Ask[] = [{ kind: "paths", value: "music/new", service: "player" }];
    expect(findUnusedPermits({ paths: allow.paths ?? {} }, named)).toEqual([
      { kind: "paths", value: "media" },
    ]);
  });

  it("must name nothing where there is nothing to take away", () => {
    for (const nothing of ["all", undefined, {}] as const) expect(findUnusedPermits(nothing, [])).toEqual([]);
  });
});
