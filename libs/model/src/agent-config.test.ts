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
