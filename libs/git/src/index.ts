export { fetchRevision } from "./fetch-revision.ts";
export type { FetchRevisionInput } from "./fetch-revision.ts";
export { readCommit } from "./read-commit.ts";
export type { ReadCommitInput } from "./read-commit.ts";
export { listDirtyPaths, readWorkTree } from "./work-tree.ts";
export { fileLimits } from "./file-set.ts";
export { isBranchName } from "./branch-name.ts";
