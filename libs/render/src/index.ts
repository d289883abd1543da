export { buildDesired, type BuildInput } from "./build-desired.ts";
export type { NodeReference } from "./found-node.ts";
export { renderFiles, unplacedInput, type RenderResult } from "./render-files.ts";
export { placeInstances, type PlacedInstance } from "./placement.ts";
