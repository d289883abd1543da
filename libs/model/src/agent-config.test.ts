import { expect, test } from "vitest";

import { AgentConfig } from "./agent-config.ts";

const least = { environment: "lab", node: "lab-1", source: { url: "https://git.example/platform.git" } };

test.each([
  ["0s", false],
  ["0ms", false],
  ["0h0m", false],
  ["1ms", true],
  ["1m30s", true],
])("an interval of %s", (interval, isValid) => {
  expect(AgentConfig.safeParse({ ...least, interval }).success).toBe(isValid);
});

test.each(["git", "pull", "stop", "trial"])("a wait for %s is at most a day", (name) => {
  const isValid = (text: string) => AgentConfig.safeParse({ ...least, timeouts: { [name]: text } }).success;
  expect([isValid("24h"), isValid("24h1ms"), isValid("30d")]).toEqual([true, false, false]);
});

test("waits that nobody sets end all the same", () => {
  expect(AgentConfig.parse({ ...least, timeouts: { stop: "1m" } }).timeouts).toEqual({
    git: "60s",
    pull: "15m",
    stop: "1m",
    trial: "15m",
  });
});

test.each([
  [{}, false],
  [{ command: [] }, false],
  [{ command: ["/usr/local/bin/tell", "-x"] }, true],
  [{ webhook: { url: "https://hook.example/a?b" } }, true],
  [{ webhook: { url: "http://127.0.0.1:8080", credential: { file: "/etc/keelson/hook" } } }, true],
  [{ webhook: { url: "ftp://hook.example/" } }, false],
  [{ webhook: { url: "https://" } }, false],
  [{ webhook: { url: "https://hook.example:99999/" } }, false],
  [{ webhook: {} }, false],
])("notify %j is valid: %s", (notify, isValid) => {
  expect(AgentConfig.safeParse({ ...least, notify }).success).toBe(isValid);
});

test.each([
  [{ dataDir: "/srv/data" }, true],
  [{ dataDir: "/var/lib/keelson/data/shop" }, true],
  [{ dataFolders: { wiki: "/opt/stacks/wiki", root: "/opt/stacks" } }, true],
  [{ dataDir: "/" }, false],
  [{ dataDir: "/var/lib" }, false],
  [{ dataDir: "/var/lib/keelson" }, false],
  [{ dataDir: "/var/lib/keelson/staged" }, false],
  [{ dataFolders: { wiki: "/proc/1/root" } }, false],
  [{ dataFolders: { wiki: "/opt/../var/lib/./keelson/" } }, false],
  [{ dataFolders: { wiki: "/srv" }, stateDir: "/srv/keelson" }, false],
])("data in a place that is the containers' to write: %j", (places, isValid) => {
  expect(AgentConfig.safeParse({ ...least, ...places }).success).toBe(isValid);
});

test("the fault is at the place of the data", () => {
  const { error } = AgentConfig.safeParse({ ...least, dataFolders: { wiki: "/srv", shop: "/" } });
  expect(error?.issues.map(({ path }) => path)).toEqual([["dataFolders", "shop"]]);
});
