import type { Credential } from "@keelson/model";

import { readCredential } from "./credential.ts";
import type { Deadline } from "./deadline.ts";
import { openHttpRemote } from "./http-remote.ts";
import { openLocalRemote } from "./local-remote.ts";
import type { Remote } from "./remote.ts";
import { locateSource } from "./source-location.ts";

export interface OpenRemoteInput {
  url: string;
  credential?: Credential | undefined;
  /** Full name of the one ref. */
  ref: string;
  deadline: Deadline;
}

/** Opens a ref by what its URL is. Throws K2006 for a URL that is not permitted, K2002 without the credential. */
export async function openRemote({ url, credential, ref, deadline }: OpenRemoteInput): Promise<Remote> {
  const location = locateSource(url);
  if (location.kind === "local") return openLocalRemote({ path: location.path, ref, deadline });
  const login =
    credential === undefined ? location.login : await readCredential(credential, deadline.leftMs());
  return openHttpRemote({ url: location.url, login, ref, deadline });
}
