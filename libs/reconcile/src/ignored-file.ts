import type { Problem, Snapshot } from "@keelson/model";

/** Says of a file that somebody has, and that Git ignores, that this is why it is missed, and the two ways on. */
export async function tellIgnored(
  problems: readonly Problem[],
  { listIgnored }: Pick<Snapshot, "listIgnored">,
): Promise<Problem[]> {
  const sought = new Set(problems.flatMap(({ seeks }) => seeks ?? []));
  const ignored = new Set(sought.size === 0 ? [] : await listIgnored?.([...sought]));
  return problems.map(({ seeks, ...problem }) =>
    seeks !== undefined && ignored.has(seeks) ? { ...problem, ...describe(problem, seeks) } : problem,
  );
}

function describe({ message }: Problem, file: string): Pick<Problem, "message" | "hint"> {
  return {
    message: `${message}; ${file} is here, but not in Git (.gitignore)`,
    hint: `Take it out of .gitignore and commit it. If it holds secrets, encrypt it before the commit: mv ${file} ~/plain.env && keelson secrets seal ~/plain.env --only NAMES --output ${file}; for a repository without an environment yet, keelson import --write --seal does it.`,
  };
}
