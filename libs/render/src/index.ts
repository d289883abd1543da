export { buildDesired, type BuildInput } from "./build-desired.ts";
export { renderFiles, type NodeReference, type RenderResult } from "./render-files.ts";
export { placeInstances, type PlacedInstance } from "./placement.ts";
