import { setTimeout as sleep } from "node:timers/promises";

import { findRevert, followsOn } from "@keelson/git";
import { formatError } from "@keelson/model";
import {
  type CommitFacts,
  type WaitState,
  describeFleetChanges,
  describeLaterCommits,
  describeWaitEnd,
  escapePainted,
  judgeWait,
} from "@keelson/report";
import { createLogUpdate } from "log-update";

import { type FleetOptions, readFleet } from "./fleet.ts";
import { type ExitCode, type Output, exitCodes } from "./output.ts";
import { type FleetViewRow, formatFleet } from "./print/fleet.ts";
import { openCommit } from "./source.ts";

export interface WaitOptions extends FleetOptions {
  /** What the nodes are to have applied: anything that Git takes for a commit. */
  wait: string;
  /** Milliseconds. */
  timeout: number;
}

type WaitRow = FleetViewRow & CommitFacts & { wait: WaitState };

/** Git hosts ask for few requests, and a node needs seconds at least. */
const betweenLooksMs = 5_000;
/** A fetch that takes longer is given up and begun anew, while there is time. */
const longestFetchMs = 60_000;

/**
 * Waits until every chosen node that the repository names has applied a commit, or one that follows on it. Ends sooner
 * where one of them has failed for good. What ends it is printed, and the exit code tells it.
 */
export async function waitForCommit(
  options: WaitOptions,
  { output, signal }: { output: Output; signal: AbortSignal },
): Promise<ExitCode> {
  const { repository, wait, timeout } = options;
  const endMs = performance.now() + timeout;
  const screen = openProgress(output);
  const compare = newComparison(repository);
  try {
    let commit: string | null = null;
    let told: string | null = null;
    for (;;) {
      const timeoutMs = Math.min(longestFetchMs, Math.max(1, Math.ceil(endMs - performance.now())));
      const { view, warning } = await readFleet(options, {
        tell: output.printError,
        timeoutMs,
        signal,
        isNamedOnly: true,
      });
      // A fetch that only the end of the time cut off says nothing of the server, where one before has told of it.
      const isCut = performance.now() >= endMs;
      told = isCut ? (told ?? warning) : warning;
      commit ??= (await openCommit({ repository, revision: wait })).commit;
      const rows = await judgeRows(view.rows, { commit, compare });
      screen.show(rows, { commit, warning: told });
      const isOver = rows.every((row) => row.wait === "applied") || rows.some((row) => row.wait === "failed");
      const leftMs = endMs - performance.now();
      if (isOver || leftMs <= 0) {
        screen.end();
        return printEnd({ commit, rows, timeoutMs: timeout, tip: view.tip }, { output, repository });
      }
      await sleep(Math.min(betweenLooksMs, leftMs), undefined, { signal }).catch(() =>
        signal.throwIfAborted(),
      );
    }
  } finally {
    screen.end();
  }
}

type Compare = (ancestor: string, descendant: string) => Promise<boolean | null>;

/** What is known of two commits stays so. */
function newComparison(repository: string): Compare {
  const known = new Map<string, boolean>();
  return async (ancestor, descendant) => {
    if (!commitPattern.test(descendant)) return null;
    const key = `${ancestor} ${descendant}`;
    const answer = known.get(key) ?? (await followsOn({ repository, ancestor, descendant }));
    if (answer !== null) known.set(key, answer);
    return answer;
  };
}

/** Anybody may have written a status: what is no commit is not asked for. */
const commitPattern = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

async function judgeRows(
  rows: readonly FleetViewRow[],
  { commit, compare }: { commit: string; compare: Compare },
): Promise<WaitRow[]> {
  const judged: WaitRow[] = [];
  for (const row of rows) {
    const facts = {
      hasApplied: await compare(commit, row.applied),
      hasSeen: await compare(commit, row.status?.source.observed ?? ""),
    };
    judged.push({ ...row, ...facts, wait: judgeWait(row, facts) });
  }
  return judged;
}

async function printEnd(
  {
    commit,
    rows: judged,
    timeoutMs,
    tip,
  }: Parameters<typeof describeWaitEnd>[0] & {
    rows: readonly WaitRow[];
    tip: Parameters<typeof formatFleet>[0]["tip"];
  },
  { output, repository }: { output: Output; repository: string },
): Promise<ExitCode> {
  const isApplied = judged.every(({ wait }) => wait === "applied");
  const rows = await findReverts(judged, { commit, repository });
  const error = isApplied ? null : describeWaitEnd({ commit, rows, timeoutMs });
  if (output.json) {
    output.printJson({
      commit,
      isApplied,
      code: error?.code ?? "",
      message: error?.message ?? "",
      nodes: rows,
    });
  } else {
    output.print(
      formatFleet({ rows, tip, isDetailed: false }, { style: output.style, columns: process.stdout.columns }),
    );
    for (const line of describeLaterCommits(commit, rows)) output.print(line);
    if (error !== null) output.printError(formatError(error));
  }
  return isApplied ? exitCodes.done : exitCodes.failed;
}

/** With the commit that takes back what is waited for, where a node has applied it with that. */
async function findReverts(
  rows: readonly WaitRow[],
  { commit, repository }: { commit: string; repository: string },
): Promise<(WaitRow & { revertedBy: string })[]> {
  const known = new Map<string, string>();
  for (const { wait, applied } of rows) {
    if (wait !== "applied" || applied === commit || known.has(applied)) continue;
    known.set(applied, (await findRevert({ repository, ancestor: commit, descendant: applied })) ?? "");
  }
  return rows.map((row) => ({ ...row, revertedBy: known.get(row.applied) ?? "" }));
}

interface Progress {
  show: (rows: readonly WaitRow[], now: { commit: string; warning: string }) => void;
  end: () => void;
}

/** A line that is redrawn on a terminal, elsewhere a line for each change; nothing beside JSON. */
function openProgress(output: Output): Progress {
  const log = output.isLive ? createLogUpdate(process.stderr, { showCursor: true }) : null;
  let last: { rows: readonly WaitRow[]; warning: string } | null = null;
  return {
    show: (rows, { commit, warning }) => {
      const left = rows.filter(({ wait }) => wait === "waiting").length;
      const text = `waiting for ${left} of ${rows.length} ${rows.length === 1 ? "node" : "nodes"} to apply ${commit.slice(0, 8)}`;
      const isNewWarning = warning !== "" && warning !== last?.warning;
      if (log !== null) log(escapePainted([text, ...(warning === "" ? [] : [warning])].join("\n")));
      else if (!output.json) {
        if (isNewWarning) output.printError(warning);
        if (last === null && left > 0) output.printError(text);
        for (const line of last === null ? [] : describeFleetChanges(last.rows, rows))
          output.printError(line);
      }
      last = { rows, warning };
    },
    end: () => log?.clear(),
  };
}
