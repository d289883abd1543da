export { recordFiles, writeApplied } from "./applied-files.ts";
export { composeFileOf, writeComposeModel } from "./compose-file.ts";
export type { ComposeFileInput } from "./compose-file.ts";
export { observeStore } from "./observed-store.ts";
export { placeFiles } from "./placed-files.ts";
export type { StoreContext } from "./placed-files.ts";
export { removeFiles } from "./removed-files.ts";
export { readStatus, writeStatus } from "./status-file.ts";
