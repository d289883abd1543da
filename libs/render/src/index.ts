export { buildDesired, type BuildInput } from "./build-desired.ts";
export { unplacedInput } from "./compose-input.ts";
export { withConcerned } from "./concerned-instance.ts";
export type { NodeReference } from "./found-node.ts";
export { renderFiles, type RenderResult } from "./render-files.ts";
export { withSecretUsers } from "./secret-user.ts";
export { placeInstances, type PlacedInstance } from "./placement.ts";
