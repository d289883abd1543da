import {
  type ComposeModel,
  type ComposeService,
  type DesiredInstance,
  type DesiredMount,
  type DesiredNetwork,
  type DesiredNode,
  type DesiredVolume,
  type JsonObject,
  type NodeSecrets,
  type Problem,
  type RenderedInstance,
  type RenderedNode,
  compareText,
  digestValue,
  instanceToken,
  labels,
} from "@keelson/model";

import { buildService } from "./desired-service.ts";
import { buildMounts } from "./mount.ts";

export interface BuildInput {
  /** Compose's resolved model by instance name. */
  models: ReadonlyMap<string, ComposeModel>;
  secrets: NodeSecrets;
}

/** What the node is to have, with digests and labels; null when there is any problem. */
export function buildDesired(
  rendered: RenderedNode,
  input: BuildInput,
): { desired: DesiredNode | null; problems: Problem[] } {
  const results = rendered.instances.map((instance) => {
    const model = input.models.get(instance.name);
    return model === undefined
      ? { instance: null, problems: [] }
      : buildInstance(rendered, { instance, model, secrets: input.secrets });
  });
  const instances = results.flatMap((result) => (result.instance === null ? [] : [result.instance]));
  const problems = [
    ...results.flatMap((result) => result.problems),
    ...linkExternalNetworks(instances, rendered),
    ...findMissingSecrets(rendered, input.secrets),
  ];
  if (problems.length > 0 || instances.length < rendered.instances.length) return { desired: null, problems };
  const { environment, node, lockDigest } = rendered;
  const digest = digestValue({ environment, node, instances: instances.map(digestible) });
  return { desired: { environment, node, lockDigest, digest, instances }, problems: [] };
}

interface InstanceInput {
  instance: RenderedInstance;
  model: ComposeModel;
  secrets: NodeSecrets;
}

function buildInstance(
  rendered: RenderedNode,
  input: InstanceInput,
): { instance: DesiredInstance; problems: Problem[] } {
  const { instance, model } = input;
  const { mounts, problems } = buildMounts(instance, input);
  const networks = buildNetworks(instance, model);
  const { volumes, problems: dataProblems } = buildVolumes(instance, model);
  const byKey = {
    networks: new Map(
      [...networks, ...externalNetworks(model)].map((network) => [
        network.key,
        { name: network.name, digest: network.digest },
      ]),
    ),
    volumes: new Map(volumes.map((volume) => [volume.key, { name: volume.name, digest: volume.digest }])),
  };
  const services = Object.keys(model.services)
    .sort(compareText)
    .map((name) => buildService(name, { instance, model, mounts, ...byKey }));
  const digests = new Map(services.map((service) => [service.name, service.digest]));
  return {
    instance: {
      name: instance.name,
      project: instance.project,
      package: {
        release: instance.package.release,
        name: instance.package.name,
        version: instance.package.version,
      },
      state: instance.state,
      after: instance.after,
      services,
      networks,
      volumes,
      mounts,
      compose: runnableModel(model, {
        mounts,
        volumes,
        networks,
        digests,
        environment: rendered.environment,
        instance: instance.name,
      }),
    },
    problems: [...problems, ...dataProblems],
  };
}

function buildNetworks(instance: RenderedInstance, model: ComposeModel): DesiredNetwork[] {
  return Object.entries(model.networks)
    .filter(([, definition]) => definition?.["external"] !== true)
    .map(([key, definition]) => describe(`${instance.project}_${key}`, { key, definition }))
    .sort((a, b) => compareText(a.key, b.key));
}

function externalNetworks(model: ComposeModel) {
  return Object.entries(model.networks)
    .filter(([, definition]) => definition?.["external"] === true)
    .map(([key, definition]) => ({ key, name: String(definition?.["name"] ?? key), digest: "" }));
}

function buildVolumes(
  instance: RenderedInstance,
  model: ComposeModel,
): { volumes: DesiredVolume[]; problems: Problem[] } {
  const volumes = Object.entries(model.volumes)
    .map(([key, definition]) => ({
      ...describe(`${instance.project}_${key}`, { key, definition }),
      format: instance.data[key]?.format ?? null,
      generation: 1,
    }))
    .sort((a, b) => compareText(a.key, b.key));
  const problems = Object.keys(instance.data)
    .filter((key) => model.volumes[key] === undefined)
    .map((key) => ({
      code: "K1311",
      file: `${instance.package.folder}/package.yaml`,
      line: 1,
      column: 1,
      path: `data.${key}`,
      message: `data names the volume \`${key}\`, which ${instance.compose.composeFile} does not have`,
      hint: `Volumes there: ${Object.keys(model.volumes).sort(compareText).join(", ") || "none"}.`,
    }));
  return { volumes, problems };
}

function describe(name: string, input: { key: string; definition: JsonObject | null }) {
  const { name: _nameInCompose, ...definition } = input.definition ?? {};
  return { key: input.key, name, digest: digestValue(definition), definition };
}

interface RunInput {
  environment: string;
  instance: string;
  mounts: readonly DesiredMount[];
  networks: readonly DesiredNetwork[];
  volumes: readonly DesiredVolume[];
  digests: ReadonlyMap<string, string>;
}

/** The model Compose runs: our labels, our networks and volumes as external ones, sources in their layout. */
function runnableModel(model: ComposeModel, input: RunInput): ComposeModel {
  const targets = new Map(input.mounts.map((mount) => [mount.source, `${instanceToken}/${mount.target}`]));
  const relocate = (source: unknown) => targets.get(String(source)) ?? String(source);
  const external = (known: readonly { key: string; name: string }[]) =>
    Object.fromEntries(known.map(({ key, name }) => [key, { name, external: true }]));
  const services = Object.entries(model.services).map(([name, service]): [string, ComposeService] => [
    name,
    {
      ...service,
      labels: {
        ...service.labels,
        [labels.environment]: input.environment,
        [labels.instance]: input.instance,
        [labels.digest]: input.digests.get(name) ?? "",
      },
      ...(service.volumes === undefined
        ? {}
        : {
            volumes: service.volumes.map((mount) =>
              mount.type === "bind" ? { ...mount, source: relocate(mount.source) } : mount,
            ),
          }),
    },
  ]);
  const relocateAll = (definitions: Record<string, JsonObject>) =>
    Object.fromEntries(
      Object.entries(definitions).map(([key, each]) => [key, { ...each, file: relocate(each["file"]) }]),
    );
  return {
    name: model.name,
    services: Object.fromEntries(services),
    networks: { ...external(externalNetworks(model)), ...external(input.networks) },
    volumes: external(input.volumes),
    secrets: relocateAll(model.secrets),
    configs: relocateAll(model.configs),
  };
}

/** An external network must be another instance's of this node; joining it means starting after its owner. */
function linkExternalNetworks(instances: DesiredInstance[], rendered: RenderedNode): Problem[] {
  const owners = new Map(
    instances.flatMap((instance) =>
      instance.networks.map((network) => [network.name, instance.name] as const),
    ),
  );
  const problems: Problem[] = [];
  for (const instance of instances) {
    const own = new Set(instance.networks.map((network) => network.name));
    const joined = new Set(
      instance.services.flatMap((service) => service.networks).filter((name) => !own.has(name)),
    );
    for (const name of [...joined].sort(compareText)) {
      const owner = owners.get(name);
      if (owner !== undefined) {
        instance.after = [...new Set([...instance.after, owner])].sort(compareText);
        continue;
      }
      const source = rendered.instances.find((each) => each.name === instance.name);
      problems.push({
        code: "K1310",
        file: `${source?.package.folder}/${source?.compose.composeFile}`,
        line: 1,
        column: 1,
        path: "networks",
        message: `instance ${instance.name} joins the network ${name}, which no instance of this node owns`,
        hint: `Networks of this node: ${[...owners.keys()].sort(compareText).join(", ") || "none"}. Use {{ requires["<interface>"].project }} to name one.`,
      });
    }
  }
  return problems;
}

function findMissingSecrets(rendered: RenderedNode, secrets: NodeSecrets): Problem[] {
  return rendered.instances.flatMap((instance) =>
    instance.files.flatMap((file) =>
      file.secrets
        .filter((name) => !secrets.hasValue(name))
        .map((name) => ({
          code: "K5002",
          file: file.template,
          line: 1,
          column: 1,
          path: "",
          message: `secret ${name} has no value on node ${rendered.node}`,
          hint: `Put it into the secrets file of the node: ${name.replace(".", ": { ")}: … }.`,
        })),
    ),
  );
}

/** What counts for equality of two desired states: everything but bytes and the runnable model, which follow from it. */
function digestible(instance: DesiredInstance) {
  const { compose: _compose, mounts, services, ...rest } = instance;
  return {
    ...rest,
    services: services.map(({ parts: _parts, ...service }) => service),
    mounts: mounts.map((mount) => ({
      ...mount,
      files: mount.files.map(({ content: _content, ...file }) => file),
    })),
  };
}
