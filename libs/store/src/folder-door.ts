// The light door to folders and archives of releases. It loads nothing but Node's own modules.
export { readArchive, writeArchive } from "./archive-file.ts";
export { FolderError } from "./folder-error.ts";
export { walkFolder } from "./folder-walk.ts";
