export { connectEngine } from "./engine.ts";
export type { Engine, EngineAddress } from "./engine.ts";
export { observeEngine } from "./observation.ts";
export type { ObserveRequest } from "./observation.ts";
export type { DesiredPort } from "./held-port.ts";
export type { EngineContext } from "./context.ts";
export { pullImage } from "./image-pull.ts";
export { createNetwork, removeNetwork } from "./network.ts";
export { createVolume } from "./volume.ts";
export { createContainers } from "./container-creation.ts";
export { startService } from "./service-start.ts";
export { awaitService } from "./service-wait.ts";
export {
  removeContainer,
  renameContainer,
  restartContainer,
  signalContainer,
  stopContainer,
} from "./container.ts";
export { execInContainer } from "./container-exec.ts";
