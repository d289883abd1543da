import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

// node script/count-tests.ts FOLDER "PROJECT..." [FAILED-CHECK...]
// Sums up the reports of vitest in FOLDER: PROJECT.json for each project, and PROJECT.failed where vitest itself
// ended with an error. Exits 1 unless everything passed and at least one test ran.

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

const [folder, projects, ...failedChecks] = process.argv.slice(2);
if (folder === undefined || projects === undefined)
  throw new Error('usage: node script/count-tests.ts FOLDER "PROJECT..." [FAILED-CHECK...]');

const sum = { passed: 0, failed: failedChecks.length, skipped: 0 };
const complaints = failedChecks.map((name) => `the check of ${name} failed`);

for (const project of projects.split(" ")) {
  const path = join(folder, `${project}.json`);
  const report: Report | undefined = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
  // A file that could not be loaded has no tests that could have failed.
  const brokenFiles =
    report?.testResults.filter(
      ({ status, assertionResults }) => status === "failed" && assertionResults.length === 0,
    ).length ?? 0;
  const failed = (report?.numFailedTests ?? 0) + brokenFiles;
  const endedBadly = report === undefined || (failed === 0 && existsSync(join(folder, `${project}.failed`)));
  if (endedBadly) complaints.push(`vitest failed outside of the ${project} tests`);
  sum.passed += report?.numPassedTests ?? 0;
  sum.failed += failed + (endedBadly ? 1 : 0);
  sum.skipped += (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
}

if (sum.passed + sum.failed === 0) {
  complaints.push("no test ran");
  sum.failed = 1;
}
for (const complaint of complaints) process.stdout.write(`${complaint}\n`);
const skipped = sum.skipped === 0 ? "" : `, ${sum.skipped} skipped`;
process.stdout.write(`${sum.passed} passed, ${sum.failed} failed${skipped}\n`);
process.exitCode = sum.failed === 0 ? 0 : 1;
