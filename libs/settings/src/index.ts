export type { LayerKind, SettingsLayer } from "./layer.ts";
export { compareSettings } from "./settings-difference.ts";
export { layerVariables } from "./layer-variables.ts";
export {
  checkSettingsSchema,
  layerSettings,
  type LayeredSettings,
  type Provenance,
  type SettingsInput,
} from "./layer-settings.ts";
