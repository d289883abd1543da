import { configureStatusRefspec, fetchStatusRefs, readStatuses, receivesStatuses } from "@keelson/git";
import type { LeftOut } from "@keelson/git";
import { KeelsonError, codeOf, formatError, hintFor, quote, stalled } from "@keelson/model";
import type { Snapshot } from "@keelson/model";
import { type FleetPlace, type FleetRow, summarizeFleet } from "@keelson/report";

import type { RepositoryOptions } from "./node-options.ts";
import type { FleetTip, FleetView } from "./print/fleet.ts";
import type { FleetFetch } from "./print/fleet-watch.ts";
import { listNodes } from "./reference.ts";
import { openCommit, openRevision } from "./source.ts";

export interface FleetOptions extends RepositoryOptions {
  environment?: string;
  node?: string;
  /** The clone's remote that nodes push their statuses to. */
  remote: string;
  /** Nothing is fetched. */
  offline?: boolean;
}

interface FleetReading {
  /** Gets a text when the clone's configuration is changed. */
  tell: (text: string) => void;
  /** How long the fetch may take; as long as Git takes, up to a minute, unless told. */
  timeoutMs?: number;
  /** Ends the fetch, as if it had failed. */
  signal: AbortSignal;
  /** Leave out what has a status and is not in the repository any more. */
  isNamedOnly?: boolean;
}

/**
 * The last status of every node, read from a clone of the state repository after a fetch. Where the fetch fails, the
 * result has a warning and the statuses that the clone had before. Throws K9050 when there is no such node, and what `readStatuses` and the reading of files throw.
 */
export async function readFleet(options: FleetOptions, reading: FleetReading): Promise<FleetFetch> {
  const { repository, remote, environment, node } = options;
  const { failure, tooLarge, isPushedTo } =
    options.offline === true ? nothingFetched : await fetchStatuses(options, reading);
  const held = await readStatuses({ repository, remote });
  // For a ref that is too large to fetch, the clone only has an old status, which must not pass for the present one.
  const others = held.filter(({ ref }) => !tooLarge.some((left) => left.ref === ref));
  const reports = [...others, ...tooLarge.map((left) => ({ ...left, json: "" }))];
  const { nodes, tip } = await findNodes(options, isPushedTo);
  const all = summarizeFleet({ reports, nodes: nodes.length === 0 ? null : nodes, now: new Date() });
  const isNamed = (row: FleetPlace) =>
    nodes.length === 0 ||
    nodes.some((each) => each.environment === row.environment && each.node === row.node);
  const rows = chooseRows(reading.isNamedOnly === true ? all.filter(isNamed) : all, options);
  const isDetailed = environment !== undefined && node !== undefined;
  const view = { ...(await compareWithTip(rows, { repository, tip })), isDetailed };
  return {
    view,
    warning:
      failure === null
        ? ""
        : `warning: the fetch failed; this is what the clone has\n${formatError(failure)}`,
  };
}

interface Fetched {
  /** Why the statuses could not be fetched; null when they were. */
  failure: KeelsonError | null;
  tooLarge: readonly LeftOut[];
  /** Nodes push to this very repository: it has their statuses, and what they follow. */
  isPushedTo: boolean;
}

const nothingFetched: Fetched = { failure: null, tooLarge: [], isPushedTo: false };

async function fetchStatuses(
  { repository, remote }: FleetOptions,
  { tell, timeoutMs, signal }: FleetReading,
): Promise<Fetched> {
  const ending =
    timeoutMs === undefined
      ? { signal }
      : { timeoutMs, signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) };
  try {
    if (await receivesStatuses({ repository, remote, ...ending }))
      return { ...nothingFetched, isPushedTo: true };
    const tooLarge = await fetchStatusRefs({ repository, remote, ...ending });
    if (await configureStatusRefspec({ repository, remote })) {
      tell(
        `From now on git fetch ${remote} brings the statuses, and git log --notes='keelson/*' shows them.`,
      );
    }
    return { ...nothingFetched, tooLarge };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof KeelsonError) return { ...nothingFetched, failure: error };
    throw error;
  }
}

/**
 * The nodes that the branch names which they follow: the remote's, as the clone has it, or where nodes push to this repository
 * its own. Without such a branch: the nodes of the work tree.
 */
async function findNodes(
  { repository, remote }: FleetOptions,
  isPushedTo: boolean,
): Promise<{ nodes: FleetPlace[]; tip: FleetTip | null }> {
  const checkedOut = (await findCommit({ repository, revision: "HEAD" }))?.ref.replace("refs/heads/", "");
  const branches = isPushedTo ? "refs/heads/" : `refs/remotes/${remote}/`;
  for (const name of new Set([...(isPushedTo ? [] : ["HEAD"]), checkedOut ?? "HEAD"])) {
    const revision = await findCommit({ repository, revision: `${branches}${name}` });
    const nodes = revision === null ? [] : await listNodes(revision);
    if (revision === null || nodes.length === 0) continue;
    const { ref, commit } = revision;
    return { nodes, tip: { ref, branch: ref.replace(branches, ""), commit } };
  }
  return { nodes: await listNodes(await openRevision({ repository })), tip: null };
}

async function findCommit(named: { repository: string; revision: string }): Promise<Snapshot | null> {
  try {
    return await openCommit(named);
  } catch (error) {
    if (codeOf(error) === "K2004") return null;
    throw error;
  }
}

/** Throws K9050 for a name that no node has: an empty table would look like a fleet without a fault. */
function chooseRows(rows: FleetRow[], options: FleetOptions): FleetRow[] {
  const { environment, node } = options;
  const chosen = rows.filter(
    (row) =>
      (environment === undefined || row.environment === environment) &&
      (node === undefined || row.node === node),
  );
  if (chosen.length > 0) return chosen;
  const name = [environment, node].filter((part) => part !== undefined).join("/");
  throw new KeelsonError({
    code: "K9050",
    message:
      rows.length === 0
        ? "the repository names no node, and there is no status of one"
        : `there is no node ${quote(name)}`,
    hint: nearest(rows, options) ?? "Name a clone of the state repository with -C DIR, and a node of it.",
    outcome: stalled,
  });
}

function nearest(
  rows: readonly FleetRow[],
  { environment, node }: Pick<FleetOptions, "environment" | "node">,
): string | undefined {
  const environments = [...new Set(rows.map((row) => row.environment))];
  if (environment !== undefined && !environments.includes(environment))
    return hintFor(environment, { known: environments, as: "environments" });
  const inIt = rows.filter((row) => environment === undefined || row.environment === environment);
  const known = [...new Set(inIt.map((row) => row.node))];
  return node === undefined ? undefined : hintFor(node, { known, as: "nodes" });
}

const maxLookups = 32;

/** A clone that is out of date must not say `behind` of a node that is ahead of it. */
async function compareWithTip(
  rows: readonly FleetRow[],
  { repository, tip }: { repository: string; tip: FleetTip | null },
): Promise<Pick<FleetView, "rows" | "tip">> {
  if (tip === null) return { rows: rows.map((row) => ({ ...row, behind: null })), tip };
  const follows = (row: FleetRow) => row.status?.source.branch === tip.branch;
  const others = new Set(rows.filter(follows).map(({ applied }) => applied));
  others.delete(tip.commit);
  const held = new Set([tip.commit]);
  await Promise.all(
    [...others]
      .filter((id) => commitPattern.test(id))
      .slice(0, maxLookups)
      .map(async (id) => {
        if ((await findCommit({ repository, revision: id })) !== null) held.add(id);
      }),
  );
  const behind = (row: FleetRow) =>
    follows(row) && held.has(row.applied) ? row.applied !== tip.commit : null;
  return { rows: rows.map((row) => ({ ...row, behind: behind(row) })), tip };
}

/** A status is text that anybody may have written, so its commit must look like one before Git is asked. */
const commitPattern = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
