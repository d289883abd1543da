import { AgentConfig, type Ask, Environment } from "@keelson/model";
import { describe, expect, it } from "vitest";

import { hostPathOf, isGranted, isPermitted } from "./granted.ts";
import { describeAsk, linesFor } from "./lines.ts";
import { parse as parseYaml } from "yaml";

import { grantsFor } from "./policy.ts";

const asks: (Omit<Ask, "service"> & { lines: [environment: string, node: string | null]; words: string })[] =
  [
    {
      kind: "capabilities",
      value: "NET_ADMIN",
      lines: [
        "policy: { allow: { ./apps/vpn: { capabilities: [NET_ADMIN] } } }",
        "allow: { capabilities: [NET_ADMIN] }",
      ],
      words: "capability NET_ADMIN",
    },
    {
      kind: "engineSocket",
      value: "true",
      lines: ["policy: { allow: { ./apps/vpn: { engineSocket: true } } }", "allow: { engineSocket: true }"],
      words: "the engine's socket",
    },
    {
      kind: "paths",
      value: "/srv/Media Files",
      readOnly: true,
      lines: [
        'policy: { allow: { ./apps/vpn: { paths: ["/srv/Media Files"] } } }',
        'allow: { paths: { media-files: { path: "/srv/Media Files", readOnly: true } } }',
      ],
      words: "path /srv/Media Files (read-only)",
    },
    {
      kind: "paths",
      value: "/",
      readOnly: false,
      lines: ["policy: { allow: { ./apps/vpn: { paths: [/] } } }", "allow: { paths: { root: { path: / } } }"],
      words: "path /",
    },
    {
      kind: "paths",
      value: "media/films",
      readOnly: false,
      lines: [
        "policy: { allow: { ./apps/vpn: { paths: [media/films] } } }",
        "allow: { paths: { media: { path: /… } } }",
      ],
      words: "path media/films",
    },
    {
      kind: "mounts",
      value: "nfs://nas.lan/export",
      lines: [
        'policy: { allow: { ./apps/vpn: { mounts: ["nfs://nas.lan/export"] } } }',
        'allow: { mounts: ["nfs://nas.lan/export"] }',
      ],
      words: "mount nfs://nas.lan/export",
    },
    {
      kind: "networks",
      value: "true",
      lines: ['policy: { allow: { ./apps/vpn: { networks: ["true"] } } }', 'allow: { networks: ["true"] }'],
      words: "network true",
    },
    {
      kind: "secretEnvironment",
      value: "DB_PASSWORD",
      lines: ["policy: { allow: { ./apps/vpn: { secretEnvironment: [DB_PASSWORD] } } }", null],
      words: "secret DB_PASSWORD in its environment: whoever has the engine can read it",
    },
  ];

describe.each(asks)("the lines for $words", ({ lines: [environment, node], words, ...asked }) => {
  const ask: Ask = { ...asked, service: "web" };
  const lines = linesFor(ask, "./apps/vpn");

  it("are the least that permits it", () => {
    expect(lines).toEqual({ environment, node });
    expect(describeAsk(ask)).toBe(words);
  });

  it("permit it when they are copied", () => {
    const { policy } = Environment.parse({ name: "home", ...parse(lines.environment) });
    expect(isGranted(ask, grantsFor(policy.allow, "./apps/vpn"))).toBe(true);
    expect(isGranted(ask, grantsFor(policy.allow, "./apps/other"))).toBe(false);
    if (lines.node === null) return;
    const config = { environment: "home", node: "nas", source: { url: "/x" }, ...parse(lines.node) };
    const { allow } = AgentConfig.parse(config);
    expect(isPermitted(ask, allow)).toBe(true);
    expect(allow === "all" || allow === undefined ? null : hostPathOf(ask, allow)).not.toBe("");
  });
});

function parse(text: string): object {
  const value: unknown = parseYaml(text);
  return typeof value === "object" && value !== null ? value : {};
}
