import type { Credential } from "@keelson/model";

import { chooseLogin } from "./credential.ts";
import type { Deadline } from "./deadline.ts";
import { gitError } from "./git-error.ts";
import { openHttpRemote } from "./http-remote.ts";
import { openLocalRemote } from "./local-remote.ts";
import type { Remote } from "./remote.ts";
import { locateSource } from "./source-location.ts";
import { openSshRemote } from "./ssh-remote.ts";

export interface OpenRemoteInput {
  url: string;
  credential?: Credential | undefined;
  /** Full name of the one ref. */
  ref: string;
  deadline: Deadline;
  /** The known hosts for ssh, instead of those of the user and the machine. */
  knownHostsFile?: string | undefined;
}

/**
 * Opens a ref over HTTP, over ssh or on this machine, as its URL says. For ssh, the credential's file is the private
 * key. Throws K2006 for a URL that is not permitted, K2002 for a credential that cannot be read.
 */
export async function openRemote(input: OpenRemoteInput): Promise<Remote> {
  const { url, credential, ref, deadline, knownHostsFile } = input;
  const location = locateSource(url);
  if (location.kind === "local") return openLocalRemote({ path: location.path, ref, deadline });
  if (location.kind === "ssh") {
    if (credential !== undefined && !("file" in credential)) {
      const hint = "For ssh, set source.credential.file in agent.yaml to the file of a private key.";
      throw gitError("K2002", { message: "a command cannot give a credential for ssh", hint });
    }
    return openSshRemote({
      url: location.url,
      ref,
      deadline,
      knownHostsFile,
      identityFile: credential?.file,
    });
  }
  const login = await chooseLogin(location, { credential, deadline });
  return openHttpRemote({ url: location.url, login, ref, deadline });
}
