import type { Ask } from "@keelson/model";
import { describe, expect, it } from "vitest";

import { findUnused, grantsFor } from "./policy.ts";

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
