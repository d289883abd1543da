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
   * `yes`: the server lets a push begin; only a push itself shows what hooks and protections say to a ref. `no`: not
   * even that. `unknown`: it could not be asked.
   */
  mayPush: "yes" | "no" | "unknown";
  /** A sentence for people, without a credential. */
  reason: string;
}

/** Not authorised, no such repository (as many servers put it), and not for pushing. */
const refusals = ["K2002", "K2003", "K2013"];

/** Whether the credential may push at all, asked without sending anything. What goes wrong is in the answer. */
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
