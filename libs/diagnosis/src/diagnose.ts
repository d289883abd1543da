import { KeelsonError, formatError, redact } from "@keelson/model";

import { examineAgent, examineLock, examineStatus, examineSuspension } from "./agent-checks.ts";
import { examineStatePath } from "./container-checks.ts";
import { examineConfig, examineCredentials, examineSecretsFile } from "./config-checks.ts";
import { examineData } from "./data-checks.ts";
import { examineStateDir, examineStateDisk } from "./disk-checks.ts";
import { examineEngine, examineEngineClock, examineEngineDisk } from "./engine-checks.ts";
import {
  examineBranch,
  examineClock,
  examineName,
  examineSourcePush,
  examineStatusPush,
} from "./git-checks.ts";
import { examineAllowed } from "./host-checks.ts";
import { examineKey, examineOwnership, examineRecord } from "./key-checks.ts";
import { type DiagnosisInput, type ExaminedNode, examineNode } from "./examined-node.ts";
import { examineNotify } from "./notify-check.ts";
import { examineRegistries } from "./registry-checks.ts";
import { examineCompose, examineFlock, examineGitPrograms } from "./programs-checks.ts";
import { type Verdict, failed, failure } from "./verdict.ts";

/** One thing that was checked. */
export interface Check extends Verdict {
  /** Stable, such as `engine-disk`. */
  id: string;
  title: string;
}

interface Examination {
  id: string;
  title: string;
  examine: (node: ExaminedNode) => Verdict | Promise<Verdict>;
}

/** In the order in which they are shown: what configures a node, what it needs, what it has. */
const examinations: readonly Examination[] = [
  { id: "config", title: "agent.yaml", examine: examineConfig },
  { id: "credential", title: "credential files", examine: examineCredentials },
  { id: "allow", title: "what reaches the host", examine: examineAllowed },
  { id: "secrets", title: "secrets file", examine: examineSecretsFile },
  { id: "compose", title: "Docker Compose", examine: examineCompose },
  { id: "flock", title: "program flock", examine: examineFlock },
  { id: "git-programs", title: "programs git, ssh", examine: examineGitPrograms },
  { id: "notify", title: "whom to tell", examine: examineNotify },
  { id: "engine", title: "engine", examine: examineEngine },
  { id: "engine-clock", title: "clock and engine", examine: examineEngineClock },
  { id: "engine-disk", title: "engine's disk", examine: examineEngineDisk },
  { id: "registries", title: "image registries", examine: examineRegistries },
  { id: "branch", title: "followed branch", examine: examineBranch },
  { id: "name", title: "node's name", examine: examineName },
  { id: "clock", title: "clock and Git server", examine: examineClock },
  { id: "source-push", title: "rights on the branch", examine: examineSourcePush },
  { id: "status-push", title: "rights for the status", examine: examineStatusPush },
  { id: "report", title: "last status push", examine: examineStatus },
  { id: "state-dir", title: "state folder", examine: examineStateDir },
  { id: "state-path", title: "state folder's path", examine: examineStatePath },
  { id: "disk", title: "state folder's disk", examine: examineStateDisk },
  { id: "data", title: "data folders", examine: examineData },
  { id: "record", title: "record", examine: examineRecord },
  { id: "key", title: "node's key", examine: examineKey },
  { id: "ownership", title: "key and containers", examine: examineOwnership },
  { id: "lock", title: "lock", examine: examineLock },
  { id: "suspension", title: "suspension", examine: examineSuspension },
  { id: "agent", title: "agent", examine: examineAgent },
];

/** More than any check waits by itself. */
const checkTimeoutMs = 45_000;

/**
 * Checks everything that the agent needs on a node, all at the same time; changes nothing. No verdict holds a secret or a
 * credential, and a check that fails costs no other its verdict.
 */
export async function diagnose(input: DiagnosisInput): Promise<Check[]> {
  const node = await examineNode(input);
  return await Promise.all(
    examinations.map(async ({ id, title, examine }) => {
      const { result, found, hint } = await verdictOf(async () => examine(node));
      return { id, title, result, found: redact(found), hint: redact(hint) };
    }),
  );
}

/** A check that never ends, or has a bug, gets a verdict, too. */
async function verdictOf(examine: () => Promise<Verdict>): Promise<Verdict> {
  const over = Promise.withResolvers<never>();
  const timer = setTimeout(() => over.reject(tooSlow()), checkTimeoutMs);
  try {
    return await Promise.race([examine(), over.promise]);
  } catch (error) {
    if (error instanceof KeelsonError) return failed(error);
    const [found = ""] = formatError(error).split("\n");
    return failure(found, "This is a bug in Keelson. Please report it with this message.");
  } finally {
    clearTimeout(timer);
  }
}

function tooSlow(): KeelsonError {
  return new KeelsonError({
    code: "K9020",
    message: `it took more than ${checkTimeoutMs / 1000} s`,
    hint: "Look for a file system or a device that hangs (dmesg), and run the check again.",
  });
}
