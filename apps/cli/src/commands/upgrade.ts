import {
  type StateUpgrade,
  commitUpgrade,
  proposeUpgrade,
  requireCommittable,
  versionsOf,
  writeUpgrade,
} from "@keelson/node";
import type { Snapshot } from "@keelson/model";

import type { RepositoryOptions } from "../node-options.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { printPlan } from "../print/plan.ts";
import { printProblems } from "../print/problems.ts";
import { type NodeReference, listNodes } from "../reference.ts";
import { type RevisionWalk, planBetweenRevisions } from "../revision-plan.ts";
import { openRevision } from "../source.ts";

export interface UpgradeOptions extends RepositoryOptions {
  environment?: string;
  commit?: boolean;
  branch?: string | true;
}

/**
 * Changes the range and the locks of the environments that use a release, and prints what each of their nodes would do. With a
 * problem nothing is committed.
 */
export async function upgrade(
  options: UpgradeOptions,
  { asked, output }: { asked: string; output: Output },
): Promise<ExitCode> {
  const { repository, environment } = options;
  const [, release = "", range = null] = /^([^@]*)(?:@(.+))?$/s.exec(asked) ?? [];
  const isCommit = options.commit === true || options.branch !== undefined;
  const proposed = await proposeUpgrade(repository, { release, range, environment });
  if (proposed.problems.length > 0) {
    if (output.json) output.printJson({ ...proposed, plans: [], branch: null, commit: null });
    else printProblems(output, proposed.problems);
    return exitCodes.failed;
  }
  const isAnything = proposed.ranges.length > 0 || proposed.locks.some(({ isChanged }) => isChanged);
  const branch = options.branch === true ? defaultBranch(proposed, release) : (options.branch ?? null);
  if (isCommit)
    await requireCommittable(repository, { upgrade: proposed, branch: isAnything ? branch : null });
  await writeUpgrade(repository, proposed);
  const walks = isAnything ? await planNodes(options, proposed) : [];
  const isFit = walks.every(({ walk }) => walk.problems.length === 0 && walk.plan?.blocked.length === 0);
  const commit =
    isCommit && isFit && isAnything
      ? await commitUpgrade(repository, { upgrade: proposed, branch, release })
      : null;
  const done = { branch: commit === null ? null : branch, commit };
  if (output.json) output.printJson({ ...proposed, plans: walks.map(jsonOf), ...done });
  else printUpgrade(output, { proposed, walks, release, isAnything, isFit, ...done });
  return isFit ? exitCodes.done : exitCodes.failed;
}

interface NodeWalk extends NodeReference {
  revision: Snapshot;
  walk: RevisionWalk;
  /** What HEAD desires could not be told: the plan is from an empty node. */
  isFromNothing: boolean;
}

/** What each node of the environments would do, from what HEAD desires. An upgrade may be what mends HEAD. */
async function planNodes(options: UpgradeOptions, { locks }: StateUpgrade): Promise<NodeWalk[]> {
  const revision = await openRevision(options);
  const concerned = new Set(locks.map(({ environment }) => environment));
  const nodes = (await listNodes(revision)).filter(({ environment }) => concerned.has(environment));
  const walks: NodeWalk[] = [];
  for (const reference of nodes) {
    const planFrom = async (from: string) => planBetweenRevisions(revision, { from, options, reference });
    const walk = await planFrom("HEAD");
    const isFromNothing = walk.desired !== null && walk.plan === null;
    walks.push({
      ...reference,
      revision,
      isFromNothing,
      walk: isFromNothing ? await planFrom("none") : walk,
    });
  }
  return walks;
}

function jsonOf({ environment, node, walk, isFromNothing }: NodeWalk) {
  return {
    environment,
    node,
    isFromNothing,
    plan: walk.plan,
    settings: walk.settingChanges,
    problems: walk.problems,
  };
}

function defaultBranch(proposed: StateUpgrade, release: string): string {
  return `upgrade/${[release, ...versionsOf(proposed, release).slice(0, 1)].join("-")}`;
}

function printUpgrade(
  output: Output,
  of: {
    proposed: StateUpgrade;
    walks: readonly NodeWalk[];
    release: string;
    isAnything: boolean;
    isFit: boolean;
    branch: string | null;
    commit: string | null;
  },
): void {
  const { proposed, walks, release, branch, commit, isFit } = of;
  for (const { file, before, after } of proposed.ranges)
    output.print(`${file}: the range of ${release} was ${before}, and is ${after} now`);
  for (const { file, isChanged, changes } of proposed.locks) {
    const said = changes.map((each) => `${each.release} ${versionChange(each)}`).join(", ");
    output.print(`${file}: ${isChanged ? said : "up to date"}`);
  }
  for (const { environment, range, version } of proposed.beyond)
    output.print(
      `${environment}: ${release} ${version} is there, and not in the range ${range}: keelson upgrade ${release}@^${version} -e ${environment}`,
    );
  for (const { walk, revision, isFromNothing } of walks) {
    output.print("");
    if (isFromNothing) output.print("HEAD has problems of its own, so this is the plan for an empty node.");
    if (walk.plan !== null && walk.desired !== null)
      printPlan(output, {
        plan: walk.plan,
        desired: walk.desired,
        revision,
        verbose: false,
        settingChanges: walk.settingChanges,
      });
    if (walk.problems.length > 0) printProblems(output, walk.problems);
  }
  output.print("");
  if (commit !== null) {
    output.print(
      branch === null
        ? `Committed as ${commit.slice(0, 8)}.`
        : `Committed as ${commit.slice(0, 8)} on the branch ${branch}, which is checked out now. Push it, and open a pull request: git push -u origin ${branch}`,
    );
    return;
  }
  if (!of.isAnything) output.print("Nothing to upgrade.");
  else if (!isFit)
    output.print("Nothing is committed: mend what is said above. The work tree has the change.");
  else output.print("The work tree has the change. Commit it, or call this with --branch.");
}

function versionChange({ before, after }: StateUpgrade["locks"][number]["changes"][number]): string {
  if (before === null || after === null) return after?.version ?? "removed";
  return before.version === after.version
    ? `${after.version}, with its digest`
    : `${before.version} → ${after.version}`;
}
