import { expect, it } from "vitest";

import { remotesOf } from "./remote-host.ts";

const source = (url: string) => ({ url, branch: "main" });
const none = { as: "none", heartbeat: "1h" } as const;

it.each([
  ["https://git.example:8443/platform.git", { host: "git.example", mustResolve: true }],
  ["HTTP://10.1.2.3/platform.git", { host: "10.1.2.3", mustResolve: true }],
  ["https://user:word@[fd00::7]/platform.git", { host: "[fd00::7]", mustResolve: true }],
  ["ssh://git@forge/platform.git", { host: "forge", mustResolve: false }],
  ["git@forge.example:team/platform.git", { host: "forge.example", mustResolve: false }],
])("of %s the host is one that the node logs in to", (url, remote) => {
  expect(remotesOf({ source: source(url), report: none })).toEqual([remote]);
});

it.each(["/srv/platform.git", "file:///srv/platform.git", "https://"])("%s is on no host", (url) => {
  expect(remotesOf({ source: source(url), report: none })).toEqual([]);
});

it("where the status goes counts too, unless it stays on the node", () => {
  const report = { as: "notes", heartbeat: "1h", url: "https://statuses.example/x.git" } as const;
  const hosts = (config: Parameters<typeof remotesOf>[0]) => remotesOf(config).map(({ host }) => host);
  expect(hosts({ source: source("/srv/x.git"), report })).toEqual(["statuses.example"]);
  expect(hosts({ source: source("/srv/x.git"), report: { ...report, as: "none" } })).toEqual([]);
});
