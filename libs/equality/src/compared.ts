import type { ComposeService, ContainerDefaults, JsonObject } from "@keelson/model";

/** `Config` of an image, as the engine tells it. */
export type ImageConfig = unknown;

/** A service of a resolved model, with what its names stand for on the node. */
export interface ComparedService {
  name: string;
  service: ComposeService;
  /** Of the model. */
  configs: Readonly<Record<string, JsonObject>>;
  secrets: Readonly<Record<string, JsonObject>>;
  /** Of the image that it asks for. */
  image: ImageConfig;
  /** Engine names by key. */
  networkName: (key: string) => string;
  volumeName: (key: string) => string;
  /** What a source of the model stands for, in the words of the container's `placeOf`. */
  placeOf: (source: string) => string;
}

/** A container as the engine tells it, with what its names stand for. */
export interface ComparedContainer {
  /** The engine's answer to an inspection. */
  inspected: unknown;
  /** The service of a container of the same project, by id or name; null for any other. */
  serviceOf: (container: string) => string | null;
  placeOf: (source: string) => string;
  /** Variables that are known to hold what they are to hold: a model has placeholders for secrets; default none. */
  sameVariables?: ReadonlySet<string>;
  /** What the engine gives a container that asks for nothing. */
  defaults: ContainerDefaults;
}
