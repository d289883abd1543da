import { resolve } from "node:path";

import { compareText } from "@keelson/model";
import type { Credential } from "@keelson/model";

import { chooseLogin } from "./credential.ts";
import { startDeadline } from "./deadline.ts";
import type { Deadline } from "./deadline.ts";
import { gitError } from "./git-error.ts";
import { locateSource } from "./source-location.ts";
import { readLocalStatuses } from "./status-clone.ts";
import { fetchStatuses } from "./status-copy.ts";
import { readStatusRef } from "./status-ref.ts";
import type { StatusText } from "./status-text.ts";

export type ReadStatusesInput =
  | {
      url: string;
      credential?: Credential;
      /** A bare repository that nothing else uses, made when it is missing. One caller at a time. */
      gitDir: string;
      timeoutMs: number;
    }
  | {
      /** A clone that has fetched the statuses: see `fetchStatusRefs`. */
      repository: string;
      /** The clone's remote to which nodes push. Statuses that were fetched from other remotes do not count. */
      remote: string;
      timeoutMs?: number;
    };

/** The last status of a node, as text. A node that has changed from notes to a branch has both. */
export interface PublishedText extends StatusText {
  environment: string;
  node: string;
  /** The ref's name on the server. */
  ref: string;
}

const localTimeoutMs = 60_000;

/**
 * Returns the last status of every node of every environment, sorted by environment and node. Reads from a server,
 * where two requests find the refs that have moved and a third fetches them, or from a repository on this machine. A
 * ref that holds no status is in the list with empty `json`: its node must not seem to be missing.
 *
 * Throws K2004 when the folder is no repository, K2009 (stalled) for a server without version 2 of the protocol, and
 * K2001, K2002, K2003, K2005, K2006, K2007, K2010 and K2012 as `fetchSnapshot` does.
 */
export async function readStatuses(input: ReadStatusesInput): Promise<PublishedText[]> {
  const deadline = startDeadline(input.timeoutMs ?? localTimeoutMs);
  const statuses = await readBy(input, deadline);
  return [...statuses]
    .flatMap(([ref, status]) => {
      const place = readStatusRef(ref);
      if (place === null) return [];
      return [{ environment: place.environment, node: place.node, ref, ...status }];
    })
    .sort(
      (a, b) =>
        compareText(a.environment, b.environment) || compareText(a.node, b.node) || compareText(a.ref, b.ref),
    );
}

async function readBy(input: ReadStatusesInput, deadline: Deadline): Promise<Map<string, StatusText>> {
  if ("repository" in input) {
    const repository = resolve(input.repository);
    const { remote } = input;
    return await readLocalStatuses({ repository, remote, configuration: "user", deadline });
  }
  const { url, credential, gitDir } = input;
  const location = locateSource(url);
  if (location.kind === "local") {
    const at = { repository: location.path, remote: null, configuration: "closed" } as const;
    return await readLocalStatuses({ ...at, deadline });
  }
  if (location.kind === "ssh") {
    const hint = "Fetch them into a clone, and read the clone.";
    throw gitError("K2006", { message: "statuses cannot be read over ssh", hint });
  }
  const login = await chooseLogin(location, { credential, deadline });
  return await fetchStatuses({ url: location.url, login, deadline, gitDir });
}
