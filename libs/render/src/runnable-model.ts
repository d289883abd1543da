import {
  type ComposeModel,
  type DesiredMount,
  type JsonObject,
  instanceToken,
  labels,
  mapValues,
  withBoundPaths,
  withSecretVariables,
} from "@keelson/model";

export interface RunInput {
  environment: string;
  instance: string;
  mounts: readonly DesiredMount[];
  /** All of the model, those of other instances too, by key. */
  networks: readonly { key: string; name: string }[];
  volumes: readonly { key: string; name: string }[];
  /** Service digests by name. */
  digests: ReadonlyMap<string, string>;
}

/** The model Compose runs: our labels, our networks and volumes as external ones, sources in their layout, no secret. */
export function runnableModel(model: ComposeModel, input: RunInput): ComposeModel {
  const targets = new Map(input.mounts.map((mount) => [mount.source, `${instanceToken}/${mount.target}`]));
  const placed = withSecretVariables(withBoundPaths(model, (source) => targets.get(source) ?? source));
  return {
    ...placed,
    services: mapValues(placed.services, (service, name) => ({
      ...service,
      labels: {
        ...service.labels,
        [labels.environment]: input.environment,
        [labels.instance]: input.instance,
        [labels.digest]: input.digests.get(name) ?? "",
      },
    })),
    networks: external(input.networks),
    volumes: external(input.volumes),
  };
}

function external(known: readonly { key: string; name: string }[]): Record<string, JsonObject> {
  return Object.fromEntries(known.map(({ key, name }) => [key, { name, external: true }]));
}
