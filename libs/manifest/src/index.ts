export { readDocument } from "./document-check.ts";
export { readRepository } from "./repository.ts";
export { findEnvironmentFolders, findLockedFolders } from "./locked-folders.ts";
export { findAttributeFaults } from "./attribute-check.ts";
export { followLinks } from "./link.ts";
export { raiseRenewal } from "./renewal.ts";
export { scaffoldState } from "./scaffold.ts";
export { jsonSchemas } from "./json-schemas.ts";
