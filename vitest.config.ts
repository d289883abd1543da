import { defineConfig } from "vitest/config";

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
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: "integration",
          include: ["{apps,libs}/*/src/**/*.integration.test.ts", "test/support/**/*.integration.test.ts"],
          setupFiles: ["test/support/stop.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "scenarios",
          include: ["test/{scenarios,packaging}/**/*.test.ts"],
          exclude: ["**/*.long.test.ts", "**/node_modules/**"],
          setupFiles: ["test/support/stop.ts"],
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "long",
          include: ["test/scenarios/**/*.long.test.ts"],
          setupFiles: ["test/support/stop.ts"],
          testTimeout: 45 * 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
