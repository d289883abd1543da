import { type Problem, sortProblems } from "@keelson/model";

/** The same problem, found on several nodes or in several commits, is told once. */
export function withoutRepeats(problems: readonly Problem[]): Problem[] {
  const unique = new Map(
    problems.map((problem) => [
      `${problem.file}:${problem.line}:${problem.column} ${problem.code} ${problem.message}`,
      problem,
    ]),
  );
  return sortProblems([...unique.values()]);
}
