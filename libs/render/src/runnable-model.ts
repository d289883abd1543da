import {
  type ComposeModel,
  type ComposeService,
  type DesiredMount,
  type JsonObject,
  instanceToken,
  labels,
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

/** The model Compose runs: our labels, our networks and volumes as external ones, sources in their layout. */
export function runnableModel(model: ComposeModel, input: RunInput): ComposeModel {
  const targets = new Map(input.mounts.map((mount) => [mount.source, `${instanceToken}/${mount.target}`]));
  const relocate = (source: unknown) => targets.get(String(source)) ?? String(source);
  const services = Object.entries(model.services).map(([name, service]): [string, ComposeService] => [
    name,
    { ...service, ...labelled(service, { ...input, name }), ...relocated(service, relocate) },
  ]);
  const relocateAll = (definitions: Record<string, JsonObject>) =>
    Object.fromEntries(
      Object.entries(definitions).map(([key, each]) => [key, { ...each, file: relocate(each["file"]) }]),
    );
  return {
    name: model.name,
    services: Object.fromEntries(services),
    networks: external(input.networks),
    volumes: external(input.volumes),
    secrets: relocateAll(model.secrets),
    configs: relocateAll(model.configs),
  };
}

function labelled(
  service: ComposeService,
  { environment, instance, digests, name }: RunInput & { name: string },
): Required<Pick<ComposeService, "labels">> {
  return {
    labels: {
      ...service.labels,
      [labels.environment]: environment,
      [labels.instance]: instance,
      [labels.digest]: digests.get(name) ?? "",
    },
  };
}

function relocated(
  service: ComposeService,
  relocate: (source: unknown) => string,
): Pick<ComposeService, "volumes"> {
  if (service.volumes === undefined) return {};
  return {
    volumes: service.volumes.map((mount) =>
      mount.type === "bind" ? { ...mount, source: relocate(mount.source) } : mount,
    ),
  };
}

function external(known: readonly { key: string; name: string }[]): Record<string, JsonObject> {
  return Object.fromEntries(known.map(({ key, name }) => [key, { name, external: true }]));
}
