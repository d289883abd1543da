import { defineConfig } from "vitest/config";

// A test may take longer than every wait in it, so that what ends first is the wait, which says what did not come.
const integrationMs = 3 * 60_000;
const scenarioMs = 10 * 60_000;

/**
 * Three kinds of tests: what a room computes, what it does to the real thing, what a user sees. What a user sees only
 * after minutes is a fourth, which script/test runs with --long.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["{apps,libs}/*/src/**/*.test.ts", "test/*.test.ts"],
          exclude: ["**/*.integration.test.ts", "**/node_modules/**"],
          // What is computed takes milliseconds, and many times that on a machine that does other things too.
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "integration",
          include: ["{apps,libs}/*/src/**/*.integration.test.ts", "test/support/**/*.integration.test.ts"],
          setupFiles: ["test/support/stop.ts"],
          testTimeout: integrationMs,
          hookTimeout: integrationMs,
        },
      },
      {
        test: {
          name: "scenarios",
          include: ["test/{scenarios,packaging,nix}/**/*.test.ts"],
          exclude: ["**/*.long.test.ts", "**/node_modules/**"],
          setupFiles: ["test/support/stop.ts"],
          testTimeout: scenarioMs,
          hookTimeout: scenarioMs,
        },
      },
      {
        test: {
          name: "long",
          include: ["test/scenarios/**/*.long.test.ts"],
          setupFiles: ["test/support/stop.ts"],
          testTimeout: 45 * 60_000,
          hookTimeout: scenarioMs,
        },
      },
    ],
  },
});
