export { readAgentConfig } from "./agent-config-file.ts";
export { readLocalStatus } from "./local-status.ts";
export { overlayMemory } from "./memory.ts";
export { type NodeSettings, gitPath, recordPath } from "./node-settings.ts";
export { type ApplyInput, type WireInput, wireApply, wireDesired, wirePlan } from "./wire-node.ts";
export { findComposeBinary } from "@keelson/compose";
