import { request } from "node:http";

import { KeelsonError } from "@keelson/model";
import { findLockHolders } from "@keelson/record";
import { controlPath, lockPath, readLocalStatus, readSuspension } from "@keelson/node";

import { withoutConfig } from "./config-checks.ts";
import type { ExaminedNode } from "./examined-node.ts";
import { type Verdict, attempt, failed, failure, ok, skipped, warning } from "./verdict.ts";

const answerTimeoutMs = 5_000;

export function examineLock(node: ExaminedNode): Verdict {
  const holders = findLockHolders(lockPath(node));
  if (holders.length === 0) return ok("free");
  const names = holders.map(({ pid, program }) => `${program} (process ${pid})`).join(" and ");
  if (holders.some(({ isOurProgram }) => isOurProgram)) return ok(`a round is at work: ${names}`);
  return warning(
    `held by ${names}, which an earlier agent started`,
    "Wait until that program is done; the next round then goes on by itself.",
  );
}

/** Whether an agent is running on this node, and answers. */
export async function examineAgent(node: ExaminedNode): Promise<Verdict> {
  const path = controlPath(node);
  const end = await askSocket(path);
  switch (end) {
    case "answered":
      return ok(`runs, and answers at ${path}`);
    case "ENOENT":
    case "ECONNREFUSED":
      return warning(
        "no agent is running: the branch is not followed, and nothing is repaired",
        "Start it: keelson-agent run.",
      );
    case "EACCES":
      return skipped(`this user may not ask at ${path}`);
    default:
      return failure(
        `does not answer at ${path} (${end})`,
        "Read its log; a restart of the agent leaves all containers as they are.",
      );
  }
}

/** Whether a person withholds action on this node. */
export async function examineSuspension({ stateDir }: ExaminedNode): Promise<Verdict> {
  const suspension = await readSuspension(stateDir);
  if (suspension === null) return ok("nobody withholds action");
  const { since, by, reason } = suspension;
  return warning(
    `${by} suspended this node at ${since}, so nothing is changed or repaired: ${reason}`,
    "End it: keelson-agent resume.",
  );
}

/** Whether the last status was pushed, as its round noted it. */
export async function examineStatus({ config, stateDir }: ExaminedNode): Promise<Verdict> {
  if (config instanceof KeelsonError) return skipped(withoutConfig);
  if (config.report.as === "none") return skipped("report.as is none: the status stays on the node");
  const status = await attempt(async () => readLocalStatus(stateDir));
  if (status instanceof KeelsonError) {
    return status.code === "K4014" ? skipped("there was no round here yet") : failed(status);
  }
  const reported = status.conditions.find(({ type }) => type === "Reported");
  if (reported === undefined || reported.status === "unknown") {
    return skipped("the last round did not push its status");
  }
  if (reported.status === "true") return ok(`the status of ${status.observedAt} is in Git`);
  return failure(
    `failed since ${reported.since}: ${reported.message} [${reported.reason}]`,
    `The next round tries again; keelson explain ${reported.reason} says more.`,
  );
}

/** Any answer of HTTP shows that the process is alive; the kernel also opens connections to a process that hangs. */
async function askSocket(socketPath: string): Promise<string> {
  return await new Promise((resolve) => {
    const asked = request({ socketPath, path: "/", signal: AbortSignal.timeout(answerTimeoutMs) });
    asked.once("response", (response) => {
      response.destroy();
      resolve("answered");
    });
    asked.once("error", (error) =>
      resolve("code" in error && typeof error.code === "string" ? error.code : error.message),
    );
    asked.end();
  });
}
