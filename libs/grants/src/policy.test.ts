import type { Ask } from "@keelson/model";
import { describe, expect, it } from "vitest";

import { findGrant, findPermit, findUnused, grantsFor } from "./policy.ts";

describe("what an environment grants a package", () => {
  it("is what it grants all of them, and what it grants this one", () => {
    const allow = {
      "*": { paths: ["localtime"], gpus: true, engineSocket: false },
      "media/player": { paths: ["media", "localtime"], gpus: false, engineSocket: true },
      "media/other": { privileged: true },
    };
    expect(grantsFor(allow, "media/player")).toEqual({
      paths: ["localtime", "media"],
      gpus: true,
      engineSocket: true,
    });
    expect(grantsFor(allow, "./apps/wiki")).toEqual({
      paths: ["localtime"],
      gpus: true,
      engineSocket: false,
    });
    expect(grantsFor(allow, "constructor")).toEqual(grantsFor({ "*": allow["*"] }, "x"));
    expect(grantsFor(undefined, "media/player")).toEqual({});
  });

  it.each([
    { "*": "all" as const, a: { gpus: true } },
    { "*": { gpus: true }, a: "all" as const },
  ])("is all where one of the two says so: %j", (allow) => {
    expect(grantsFor(allow, "a")).toBe("all");
  });
});

describe("grants that nobody uses", () => {
  const ask = (kind: Ask["kind"], value: string): Ask => ({ kind, value, service: "web" });
  const asks = new Map([
    ["./apps/vpn", [ask("capabilities", "NET_ADMIN"), ask("paths", "/srv/a")]],
    ["./apps/wiki", []],
  ]);

  it("are found by key, kind and entry", () => {
    const allow = {
      "*": { capabilities: ["NET_ADMIN", "SYS_TIME"] },
      "./apps/vpn": { paths: ["/srv/b", "/srv"], gpus: true, privileged: false },
      "./apps/wiki": { capabilities: ["NET_ADMIN"] },
      "./apps/gone": "all" as const,
    };
    expect(findUnused(allow, asks)).toEqual([
      { key: "*", kind: "capabilities", value: "SYS_TIME", index: 1 },
      { key: "./apps/vpn", kind: "paths", value: "/srv/b", index: 0 },
      { key: "./apps/vpn", kind: "gpus", value: null, index: null },
      { key: "./apps/wiki", kind: "capabilities", value: "NET_ADMIN", index: 0 },
      { key: "./apps/gone", kind: null, value: null, index: null },
    ]);
  });

  it("are none where all are used", () => {
    expect(findUnused({ "*": "all", "./apps/vpn": { paths: ["media"] } }, asks)).toEqual([]);
    expect(findUnused(undefined, asks)).toEqual([]);
  });
});

describe("the entry that says yes", () => {
  const ask = (kind: Ask["kind"], value: string): Ask => ({ kind, value, service: "app" });

  it("is that of the package before that of all, and none where there is none", () => {
    const allow = {
      "*": { capabilities: ["SYS_TIME", "NET_ADMIN"], gpus: true },
      "./apps/vpn": { capabilities: ["net_admin"], paths: ["/srv", "media"] },
      "./apps/old": "all" as const,
    };
    const found = (asked: Ask, reference = "./apps/vpn") => findGrant(allow, { ask: asked, reference });
    expect(found(ask("capabilities", "NET_ADMIN"))).toEqual(["./apps/vpn", "capabilities", 0]);
    expect(found(ask("capabilities", "NET_ADMIN"), "./apps/x")).toEqual(["*", "capabilities", 1]);
    expect(found(ask("gpus", "true"))).toEqual(["*", "gpus"]);
    expect(found(ask("paths", "media/films"))).toEqual(["./apps/vpn", "paths", 1]);
    expect(found(ask("devices", "/dev/kvm"), "./apps/old")).toEqual(["./apps/old"]);
    expect(found(ask("devices", "/dev/kvm"))).toBeNull();
    expect(findGrant(undefined, { ask: ask("gpus", "true"), reference: "constructor" })).toBeNull();
  });

  it("is found on the node, too", () => {
    const media = { path: "/srv/media", readOnly: false, nested: false };
    const allow = {
      paths: { other: { ...media, path: "/x" }, media },
      devices: ["/dev/kvm", "/dev/dri"],
      gpus: true,
    };
    expect(findPermit(allow, ask("devices", "/dev/dri/card0"))).toEqual(["devices", 1]);
    expect(findPermit(allow, ask("paths", "media/films"))).toEqual(["paths", "media"]);
    expect(findPermit(allow, ask("gpus", "true"))).toEqual(["gpus"]);
    expect(findPermit("all", ask("privileged", "true"))).toEqual([]);
    expect(findPermit(allow, ask("privileged", "true"))).toBeNull();
    expect(findPermit(allow, ask("secretEnvironment", "A"))).toBeNull();
  });
});
