import * as fs from "node:fs";

import { fetch, listServerRefs, push } from "isomorphic-git";
import { KeelsonError, stalled } from "@keelson/model";

import type { Login } from "./credential.ts";
import { openCopyReader } from "./copy-reader.ts";
import type { Deadline } from "./deadline.ts";
import { DamageError, foreignCode, gitError, isSystemError } from "./git-error.ts";
import { GitHttpClient } from "./http-client.ts";
import { diskFailure, tipRef } from "./local-copy.ts";
import { isObjectId } from "./object-id.ts";
import { addShallow } from "./shallow.ts";
import { branchMissing, unknownObjectFormat } from "./remote.ts";
import type { Remote } from "./remote.ts";

export interface HttpRemoteInput {
  url: string;
  login: Login | null;
  /** Full name of the branch's ref. */
  ref: string;
  deadline: Deadline;
}

/** A branch on a server, over smart HTTP. */
export function openHttpRemote({ url, login, ref, deadline }: HttpRemoteInput): Remote {
  const client = new GitHttpClient({ url, login, deadline });

  const tell = async <T>(operation: Promise<T>): Promise<T> => {
    try {
      return await operation;
    } catch (error) {
      throw translate(error);
    }
  };

  const run = <T>(operation: () => Promise<T>) => tell(client.run(operation));

  const translate = (error: unknown): unknown => {
    if (error instanceof KeelsonError) return error;
    if (isSystemError(error)) return diskFailure("this node", error);
    if (foreignCode(error) === "NotFoundError") return branchMissing(ref, url);
    return new DamageError({ message: `what the server at ${url} sent cannot be read`, cause: error });
  };

  const seekTip = async () => {
    const refs = await run(() => listServerRefs({ http: client, url, prefix: ref, protocolVersion: 2 }));
    const oid = refs.find((found) => found.ref === ref)?.oid;
    if (oid === undefined) return null;
    if (!isObjectId(oid)) throw unknownObjectFormat(url);
    return oid;
  };

  return {
    seekTip,
    findTip: async () => {
      const oid = await seekTip();
      if (oid === null) throw branchMissing(ref, url);
      return oid;
    },
    fetchInto: async (gitDir, { limits, depth }) => {
      const repository = { fs, gitdir: gitDir, url, remote: "origin", cache: {} };
      const what = { ref: tipRef, remoteRef: ref, singleBranch: true, tags: false };
      const history = depth === undefined ? {} : { depth };
      const { fetchHead } = await tell(
        client.receive({ gitDir, limits }, (receiver) =>
          fetch({ ...repository, ...what, ...history, http: client.divertTo(receiver) }),
        ),
      );
      if (fetchHead === null) throw branchMissing(ref, url);
      return fetchHead;
    },
    push: async (gitDir, { commit, after }) => {
      // isomorphic-git would search the copy for the commit's parent, which is not there.
      if (after !== null) await addShallow(gitDir, [commit]);
      try {
        const input = { fs, http: client, gitdir: gitDir, url, remote: "origin", cache: {} };
        await client.run(() => push({ ...input, ref: commit, remoteRef: ref, force: false }));
        return { kind: "done" };
      } catch (cause) {
        // The ref had moved before the push, or moved during it.
        if (["PushRejectedError", "GitPushError"].includes(foreignCode(cause))) {
          return { kind: "refused", cause };
        }
        if (cause instanceof KeelsonError && cause.code === "K2002") throw mayNotPush({ url, ref, cause });
        throw translate(cause);
      }
    },
    beginPush: () =>
      run(async () => {
        const { body } = await client.request({ url: `${url}/info/refs?service=git-receive-pack` });
        // Read to the end, so that an answer that breaks off fails.
        for await (const _ of body ?? []);
      }),
    openReader: (gitDir, commit) => openCopyReader({ gitDir, commit }),
    [Symbol.dispose]: () => client[Symbol.dispose](),
  };
}

/** The push is what the server refuses: this login could read the ref before. */
function mayNotPush({ url, ref, cause }: { url: string; ref: string; cause: unknown }) {
  const message = `the server at ${url} does not let this node push ${ref}`;
  return gitError("K2013", { message, outcome: stalled, cause });
}
