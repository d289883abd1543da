export { recordFiles, writeApplied } from "./applied-files.ts";
export {
  composeFileOf,
  listStoredCompose,
  readStoredCompose,
  readSecretVariables,
  writeComposeModel,
} from "./compose-file.ts";
export type { ComposeFileInput, StoredCompose } from "./compose-file.ts";
export { resolveExisting, resolvePaths } from "./host-path.ts";
export { type DataPlaces, dataFolderOf } from "./data-place.ts";
export { keepFolder } from "./kept-folder.ts";
export { findSameFiles } from "./same-files.ts";
export type { BoundFiles } from "./same-files.ts";
export { observeStore } from "./observed-store.ts";
export { placeFiles } from "./placed-files.ts";
export type { StoreContext } from "./placed-files.ts";
export { removeFiles } from "./removed-files.ts";
export { examineStateFolder, readDiskSpace, requireStatusRoom } from "./state-folder.ts";
export type { DiskSpace, StateFolder } from "./state-folder.ts";
export { readSealedFiles, writeSealedFiles } from "./sealed-files.ts";
export { readSuspension, removeSuspension, writeSuspension } from "./suspension-file.ts";
export { requireTrusted } from "./trusted-path.ts";
export { readStatus, writeStatus } from "./status-file.ts";
