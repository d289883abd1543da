import { readCommit } from "@keelson/git";
import { KeelsonError, mostFileBytes, stalled } from "@keelson/model";
import { digestOfFiles } from "@keelson/nar";

import type { ReleaseName } from "./release-name.ts";

const timeoutMs = 60_000;

/**
 * Throws K1459 where HEAD has another content of a release than the work tree, of which this is the digest. Git can be told to look
 * away: `core.fileMode`, `assume-unchanged` and filters. Nodes get what is committed.
 */
export async function requireSameInCommit(
  repository: string,
  { name, version, digest }: ReleaseName & { digest: string },
): Promise<void> {
  const folder = `releases/${name}/${version}`;
  const commit = await readCommit({ repository, revision: "HEAD", timeoutMs, fileBytes: mostFileBytes });
  const committed = await digestOfFiles((await commit.readFiles([`${folder}/`])).values(), folder);
  if (committed === digest) return;
  throw new KeelsonError({
    code: "K1459",
    message: `${folder} is another one in the commit than in the work tree: Git has ${committed ?? "nothing of it that can be read"}, and the work tree ${digest}`,
    hint: "Nodes get what is committed. See what Git does not: git config core.fileMode; git ls-files -v | grep '^[a-z]'; and filters of .gitattributes.",
    outcome: stalled,
  });
}
