import type { KeelsonError } from "@keelson/model";

import { foreignCode, gitError } from "./git-error.ts";
import { codeOfNetworkError, codeOfStatus } from "./http-code.ts";

export interface HttpPeer {
  /** The repository's name in messages. */
  name: string;
  /** Whether requests carried a credential. */
  authorised: boolean;
}

/** The error for an answer other than 200. */
export function statusFailure(status: number, { name, authorised }: HttpPeer): KeelsonError {
  const code = codeOfStatus(status);
  if (code === "K2002") {
    const message = authorised
      ? `the server refuses the credential for ${name} (HTTP ${status})`
      : `the server asks for a credential for ${name} (HTTP ${status})`;
    return gitError(code, { message });
  }
  if (code === "K2003") {
    return gitError(code, { message: `there is no repository at ${name} (HTTP ${status})` });
  }
  if (code === "K2005") {
    return gitError(code, { message: `the server at ${name} timed out (HTTP ${status})` });
  }
  return gitError(code, { message: `the server at ${name} answered HTTP ${status}` });
}

/** K2009 for an answer in other bytes than Git's protocol has. */
export function notGit(name: string, cause?: unknown): KeelsonError {
  const message = `the answer of the server at ${name} is not Git's protocol`;
  return gitError("K2009", { message, ...(cause === undefined ? {} : { cause }) });
}

/** K2007 for an answer that only too many refs make so long. */
export function tooLong(message: string): KeelsonError {
  return gitError("K2007", { message, hint: "Delete refs on the server that nobody needs." });
}

const certificateHint =
  "Check the server's certificate. For a private certificate authority, set NODE_EXTRA_CA_CERTS to its file.";

/** The error for an error of Node's network. */
export function networkFailure(cause: unknown, { name }: HttpPeer): KeelsonError {
  const foreign = foreignCode(cause);
  const code = codeOfNetworkError(foreign);
  if (code === "K2005") return gitError(code, { message: `the server at ${name} does not answer`, cause });
  if (code === "K2009") {
    return gitError(code, { message: `the answer of the server at ${name} is not HTTP`, cause });
  }
  if (
    /^(?:CERT|UNABLE|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_|ERR_TLS|ERR_SSL|EPROTO)/.test(foreign)
  ) {
    const message = `no trusted connection to the server at ${name}`;
    return gitError(code, { message, hint: certificateHint, cause });
  }
  return gitError(code, { message: `no connection to the server at ${name}`, cause });
}
