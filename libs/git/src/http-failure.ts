import type { KeelsonError } from "@keelson/model";

import { foreignCode, gitError } from "./git-error.ts";

export interface HttpPeer {
  /** What messages call the repository. */
  name: string;
  /** Whether requests carried a credential. */
  authorised: boolean;
}

/** What an answer other than 200 means (RFC 9110; gitprotocol-http(5) for 404). */
export function statusFailure(status: number, { name, authorised }: HttpPeer): KeelsonError {
  if (status === 401 || status === 403 || status === 407) {
    const message = authorised
      ? `the server refuses the credential for ${name} (HTTP ${status})`
      : `the server asks for a credential for ${name} (HTTP ${status})`;
    return gitError("K2002", { message });
  }
  if (status === 404 || status === 410) {
    return gitError("K2003", { message: `there is no repository at ${name} (HTTP ${status})` });
  }
  if (status === 408 || status === 504) {
    return gitError("K2005", { message: `the server at ${name} gave up waiting (HTTP ${status})` });
  }
  return gitError("K2009", { message: `the server at ${name} answered HTTP ${status}` });
}

const certificateHint =
  "Check the server's certificate; for a private certificate authority name its file in NODE_EXTRA_CA_CERTS.";

/** What an error of Node's network means, by its code (nodejs.org/api/errors.html). */
export function networkFailure(cause: unknown, { name }: HttpPeer): KeelsonError {
  const code = foreignCode(cause);
  if (["ETIMEDOUT", "ERR_SOCKET_CONNECTION_TIMEOUT"].includes(code)) {
    return gitError("K2005", { message: `the server at ${name} does not answer`, cause });
  }
  if (code.startsWith("HPE_")) {
    return gitError("K2009", { message: `the answer of the server at ${name} is not HTTP`, cause });
  }
  if (
    /^(?:CERT|UNABLE|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_|ERR_TLS|ERR_SSL|EPROTO)/.test(code)
  ) {
    const message = `no trusted connection to the server at ${name}`;
    return gitError("K2001", { message, hint: certificateHint, cause });
  }
  return gitError("K2001", { message: `no connection to the server at ${name}`, cause });
}
