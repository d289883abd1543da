import type { KeelsonError } from "@keelson/model";
import { stalled } from "@keelson/model";

import type { Deadline } from "./deadline.ts";
import { DamageError, gitError } from "./git-error.ts";
import type { Remote } from "./remote.ts";
import type { SystemGitEnd } from "./system-git.ts";
import { openSystemRemote } from "./system-remote.ts";

/** Files of ssh: absolute paths of plain characters. */
export interface SshFiles {
  /** Instead of the user's and the machine's known hosts (ssh(1)). */
  knownHostsFile?: string | undefined;
  /** The private key, instead of the user's. ssh refuses it unless its mode is 0600. */
  identityFile?: string | undefined;
}

export interface SshRemoteInput extends SshFiles {
  /** A checked URL: neither its host nor its path can be an option. */
  url: string;
  ref: string;
  deadline: Deadline;
}

/** A ref of a repository over ssh. The host must be known, and the login must not ask for anything. */
export function openSshRemote({ url, ref, deadline, ...files }: SshRemoteInput): Remote {
  return openSystemRemote({
    address: url,
    name: url,
    ref,
    deadline,
    transport: { transport: "ssh", sshCommand: sshCommand(files, deadline) },
    check: async () => {},
    failure: (during, end) => failure(url, { during, end }),
  });
}

/** Git gives this command to a shell, so nothing in it may need quoting. Its options win over ssh's own files. */
function sshCommand({ knownHostsFile, identityFile }: SshFiles, deadline: Deadline): string {
  const settings = [
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    "UpdateHostKeys=no",
    "ForwardAgent=no",
    "ForwardX11=no",
    "ClearAllForwardings=yes",
    "PermitLocalCommand=no",
    "ControlMaster=no",
    "ControlPath=none",
    "ServerAliveInterval=15",
    "ServerAliveCountMax=2",
    `ConnectTimeout=${Math.max(1, Math.ceil(deadline.timeoutMs / 1000))}`,
  ];
  if (knownHostsFile !== undefined) {
    settings.push(`UserKnownHostsFile=${plainPath(knownHostsFile)}`, "GlobalKnownHostsFile=/dev/null");
  }
  const identity = identityFile === undefined ? [] : ["-i", plainPath(identityFile)];
  if (identityFile !== undefined) settings.push("IdentitiesOnly=yes", "IdentityAgent=none");
  return ["ssh", ...identity, ...settings.flatMap((setting) => ["-o", setting])].join(" ");
}

function plainPath(path: string): string {
  if (/^\/[A-Za-z0-9_.+@/-]*$/.test(path)) return path;
  throw gitError("K2006", {
    message: `${JSON.stringify(path)} is not permitted as the path of a file for ssh`,
    hint: "Write an absolute path of letters, digits and the characters `_ . + @ / -`.",
  });
}

/** Git and ssh have one exit code for all failures. Only their text, in the C locale, tells them apart. */
function failure(url: string, { during, end }: { during: "ask" | "fetch"; end: SystemGitEnd }): KeelsonError {
  const { said, complaint: cause } = end;
  if (/Host key verification failed|HOST IDENTIFICATION HAS CHANGED/.test(said)) {
    return gitError("K2001", {
      message: `the host key of ${url} is not the one that is known`,
      hint: "Ask the server's administrator for its host key, and add it to the known_hosts file: Keelson never accepts a new host key by itself.",
      outcome: stalled,
      cause,
    });
  }
  if (/Permission denied|Too many authentication failures/.test(said)) {
    return gitError("K2002", { message: `the server refuses the ssh login for ${url}`, cause });
  }
  if (/does not appear to be a git repository|[Rr]epository .*not found/.test(said)) {
    return gitError("K2003", { message: `there is no repository at ${url}`, cause });
  }
  const isCut = /Could not read from remote repository|hung up|early EOF/.test(said);
  if (during === "ask" || isCut) {
    return gitError("K2001", { message: `no connection to the server of ${url}`, cause });
  }
  return new DamageError({ message: `what ${url} sent cannot be read`, cause });
}
