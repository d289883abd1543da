import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type PushProbe, compareServerClock, fetchCandidate, probePush } from "@keelson/git";
import { type AgentConfig, KeelsonError, hintFor, quote, required } from "@keelson/model";
import { statusPlace } from "@keelson/node";

import { judgeClock } from "./clock.ts";
import { withoutConfig } from "./config-checks.ts";
import { type ExaminedNode, gitTimeoutMs, sourceOf } from "./examined-node.ts";
import { type Verdict, attempt, failed, failure, ok, skipped, warning } from "./verdict.ts";

export async function examineBranch({ config, branchTip }: ExaminedNode): Promise<Verdict> {
  if (config instanceof KeelsonError) return skipped(withoutConfig);
  const tip = await branchTip;
  if (tip instanceof KeelsonError) return failed(tip);
  return ok(`${config.source.branch} of ${config.source.url} is at ${tip.slice(0, 8)}`);
}

/**
 * Whether the branch names this node: a wrong name in agent.yaml looks well in everything else. The branch is read into a
 * folder that is gone afterwards.
 */
export async function examineName({ config, branchTip }: ExaminedNode): Promise<Verdict> {
  if (config instanceof KeelsonError) return skipped(withoutConfig);
  if ((await branchTip) instanceof KeelsonError) return skipped("the branch cannot be read");
  const { environment, node } = config;
  const folder = await mkdtemp(join(tmpdir(), "keelson-doctor-"));
  try {
    const { knownHostsFile, timeoutMs, url, credential } = sourceOf(config);
    const read = await fetchCandidate({
      source: { url, branch: config.source.branch, ...(credential === undefined ? {} : { credential }) },
      gitDir: join(folder, "git"),
      timeoutMs,
      ...(knownHostsFile === undefined ? {} : { knownHostsFile }),
      follow: { after: null, accepted: null },
    });
    if (read.kind !== "accepted") return skipped(`the branch cannot be read: ${read.error.message}`);
    const paths = [...(await read.snapshot.readFiles(["environments/"])).keys()];
    return judgeName({ environment, node }, paths);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** By the paths of the nodes' documents. */
export function judgeName(
  { environment, node }: { environment: string; node: string },
  paths: readonly string[],
): Verdict {
  const nodes = paths.flatMap((path) => {
    const [, of, name] = /^environments\/([^/]+)\/nodes\/([^/.]+)\.yaml$/.exec(path) ?? [];
    return of === undefined || name === undefined ? [] : [{ environment: of, node: name }];
  });
  const inIt = nodes.filter((each) => each.environment === environment).map((each) => each.node);
  if (inIt.includes(node)) return ok(`${environment}/${node} is in the repository`);
  const environments = [...new Set(nodes.map((each) => each.environment))];
  if (inIt.length === 0) {
    const hint = hintFor(environment, { known: environments, as: "environments" });
    return failure(
      `there is no environment ${quote(environment)} with a node [K1110]`,
      hint ?? "Correct environment in agent.yaml, or commit the environment.",
    );
  }
  const hint = hintFor(node, { known: inIt, as: "its nodes" });
  return failure(
    `environment ${environment} has no node ${quote(node)} [K1111]`,
    hint ?? "Correct node in agent.yaml, or commit the node's document.",
  );
}

/** Whether the status may be pushed to where it is to go. */
export async function examineStatusPush({ config }: ExaminedNode): Promise<Verdict> {
  if (config instanceof KeelsonError) return skipped(withoutConfig);
  const place = statusPlace(config);
  if (place === null) return skipped(statusStays);
  const { mayPush, reason } = await probePush({ ...place, timeoutMs: gitTimeoutMs(config) });
  if (mayPush === "yes") return ok(`${place.url}: ${reason}`);
  if (mayPush === "unknown") {
    return warning(
      `it is not known: ${reason}`,
      "Solve what prevents the check; the next round tries the push.",
    );
  }
  return failure(
    `the credential may not push to ${place.url}: ${reason}`,
    "Give it the right to push, let the status go elsewhere (report.url, report.credential), or set report.as: none.",
  );
}

/** An attacker who has taken over this node must not be able to change what all nodes run. */
export async function examineSourcePush({ config, branchTip }: ExaminedNode): Promise<Verdict> {
  if (config instanceof KeelsonError) return skipped(withoutConfig);
  // A credential that the server refuses altogether would pass for a harmless one.
  if ((await branchTip) instanceof KeelsonError) return skipped("the branch cannot be read");
  const { url, branch } = config.source;
  const probes = await Promise.all(placesAtSource(config).map(probePush));
  const { mayPush, reason } = required(probes.toSorted(byDanger)[0], "a probe");
  if (mayPush === "no") return ok(`no credential of this node may push to ${url}`);
  if (mayPush === "unknown") return skipped(`it is not known: ${reason}`);
  const isNeeded = statusPlace(config)?.url === url;
  return warning(
    `a credential of this node may push to ${url}, and so change ${branch} unless the server protects it`,
    isNeeded
      ? `Protect ${branch} on the server, or give statuses a repository of their own (report.url, report.credential) and this one a credential that only reads.`
      : "Use a credential that only reads: this node writes nothing there.",
  );
}

export async function examineClock({ config }: ExaminedNode): Promise<Verdict> {
  if (config instanceof KeelsonError) return skipped(withoutConfig);
  const { url, timeoutMs } = sourceOf(config);
  const aheadMs = await attempt(async () => compareServerClock({ url, timeoutMs }));
  if (aheadMs instanceof KeelsonError) return skipped("the Git server does not answer");
  if (aheadMs === null) return skipped("the Git server does not tell its time");
  return judgeClock(aheadMs, "the Git server's");
}

const statusStays = "report.as is none: the status stays on the node";

/** The followed repository with each credential that this node uses there. */
function placesAtSource(config: AgentConfig): Parameters<typeof probePush>[0][] {
  const source = sourceOf(config);
  const report = statusPlace(config);
  const isSame = JSON.stringify(report?.credential) === JSON.stringify(source.credential);
  if (report === null || report.url !== source.url || isSame) return [source];
  return [source, { ...source, credential: report.credential }];
}

const danger = { yes: 0, unknown: 1, no: 2 } as const;

function byDanger(a: PushProbe, b: PushProbe): number {
  return danger[a.mayPush] - danger[b.mayPush];
}
