import { createVitest } from "vitest/node";

// node script/run-tests.ts PROJECT REPORT [FILTER...]
// Runs one project of vitest.config.ts and writes vitest's JSON report to REPORT. Unlike vitest's own command, an
// interrupt lets the tests that run come to their end, so that they remove what they made.

const [project, report, ...filters] = process.argv.slice(2);
if (project === undefined || report === undefined) {
  throw new Error("usage: node script/run-tests.ts PROJECT REPORT [FILTER...]");
}

const vitest = await createVitest({
  project,
  watch: false,
  passWithNoTests: true,
  reporters: ["default", ["json", { outputFile: report }]],
});
for (const signal of ["SIGINT", "SIGTERM"]) {
  // vitest's own listener ends the process at once.
  process.removeAllListeners(signal);
  process.once(signal, () => {
    process.exitCode = 130;
    void vitest.cancelCurrentRun("keyboard-input");
  });
}
try {
  await vitest.start(filters);
} finally {
  await vitest.close();
}
