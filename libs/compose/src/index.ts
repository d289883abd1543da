export {
  expectComposeBinary,
  findComposeBinary,
  isTriedCompose,
  readComposeVersion,
  triedComposeVersions,
} from "./binary.ts";
export { gateCompose } from "./gate.ts";
export { type ResolveOptions, resolveCompose } from "./resolution.ts";
export { clearWorkspaces } from "./workspace.ts";
export { listAsks } from "./written-asks.ts";
export { listImages } from "./written-images.ts";
