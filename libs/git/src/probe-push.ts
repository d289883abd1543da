import { KeelsonError } from "@keelson/model";
import type { Credential } from "@keelson/model";

import { startDeadline } from "./deadline.ts";
import { openRemote } from "./open-remote.ts";

export interface ProbePushInput {
  url: string;
  credential?: Credential | undefined;
  timeoutMs: number;
  /** For ssh, as with `fetchSnapshot`. */
  knownHostsFile?: string | undefined;
}

export interface PushProbe {
  /**
   * `yes`: the server lets a push begin. Only a real push shows whether hooks and protections accept the ref. `no`: the
   * server does not let a push begin. `unknown`: the server could not be asked.
   */
  mayPush: "yes" | "no" | "unknown";
  /** A sentence for people, without a credential. */
  reason: string;
}

/** No credential, no such repository (which many servers say instead), or no right to push. */
const refusals = ["K2002", "K2003", "K2013"];

/** Whether the credential may push at all. Asks without pushing anything. Errors are in the answer. */
export async function probePush({ timeoutMs, ...at }: ProbePushInput): Promise<PushProbe> {
  try {
    using remote = await openRemote({ ...at, ref: "HEAD", deadline: startDeadline(timeoutMs) });
    await remote.beginPush();
    return { mayPush: "yes", reason: "the server lets a push begin" };
  } catch (error) {
    if (!(error instanceof KeelsonError)) throw error;
    const { code, message, cause } = error;
    const reason = cause instanceof Error ? `${message}: ${cause.message}` : message;
    return { mayPush: refusals.includes(code) ? "no" : "unknown", reason };
  }
}
