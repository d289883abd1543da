import { stat } from "node:fs/promises";

import type { Deadline } from "./deadline.ts";
import { DamageError, gitError } from "./git-error.ts";
import type { Remote } from "./remote.ts";
import { openSystemRemote } from "./system-remote.ts";

export interface LocalRemoteInput {
  /** Absolute folder of a repository, bare or not. */
  path: string;
  /** Full name of the one ref. */
  ref: string;
  deadline: Deadline;
}

/** A ref of a repository on this machine. */
export function openLocalRemote({ path, ref, deadline }: LocalRemoteInput): Remote {
  return openSystemRemote({
    address: path,
    name: path,
    ref,
    deadline,
    transport: { transport: "file" },
    check: () => checkFolder(path),
    failure: (during, { complaint }) =>
      during === "ask"
        ? noRepository(path, complaint)
        : new DamageError({ message: `the branch cannot be fetched from ${path}`, cause: complaint }),
  });
}

async function checkFolder(path: string): Promise<void> {
  const status = await stat(path).catch((cause: unknown) => {
    throw noRepository(path, cause);
  });
  // Git would read a file as a bundle.
  if (!status.isDirectory()) throw noRepository(path, undefined);
}

function noRepository(path: string, cause: unknown) {
  return gitError("K2003", {
    message: `there is no Git repository at ${path} that can be read`,
    hint: "Check source.url in agent.yaml. The repository must belong to the user that Keelson runs as.",
    cause,
  });
}
