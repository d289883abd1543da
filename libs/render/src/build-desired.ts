import {
  type ComposeModel,
  type DesiredInstance,
  type DesiredNetwork,
  type DesiredNode,
  type DesiredVolume,
  type JsonObject,
  type NodeSecrets,
  type Problem,
  type RenderedInstance,
  type RenderedNode,
  type Repository,
  compareText,
  digestValue,
} from "@keelson/model";

import { findNodeFaults } from "./node-fault.ts";
import { buildService } from "./desired-service.ts";
import { findJobFaults } from "./job.ts";
import { withoutEmpty } from "./meaning.ts";
import { buildMounts } from "./mount.ts";
import { networkName } from "./network-name.ts";
import { packageProblem } from "./place-of-problem.ts";
import { withReadOnlyBinds } from "./read-only-bind.ts";
import { runnableModel } from "./runnable-model.ts";
import { type DigestAlgorithms, digestAlgorithms } from "./service-digest.ts";

export interface BuildInput {
  /** Compose's resolved model by instance name. */
  models: ReadonlyMap<string, ComposeModel>;
  secrets: NodeSecrets;
  /** Where documents stand, for the lines of problems. */
  repository?: Repository;
  /** Default: all that are known. */
  algorithms?: DigestAlgorithms;
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
      : buildInstance(rendered, { ...input, instance, model });
  });
  const built = results.flatMap((result) => (result.instance === null ? [] : [result.instance]));
  // A node follows a whole commit or none of it.
  const isWhole = rendered.isWhole && built.length === rendered.instances.length;
  const problems = [
    ...results.flatMap((result) => result.problems),
    ...findNodeFaults(rendered, { instances: built, isWhole, secrets: input.secrets }),
  ];
  if (problems.length > 0 || !isWhole) return { desired: null, problems };
  const { environment, node, lockDigest } = rendered;
  const instances = startAfterOwners(built).sort((a, b) => compareText(a.name, b.name));
  const digest = digestValue({ environment, node, instances: instances.map(digestible) });
  return { desired: { environment, node, lockDigest, digest, instances }, problems: [] };
}

interface InstanceInput extends BuildInput {
  instance: RenderedInstance;
  model: ComposeModel;
}

function buildInstance(
  { environment }: RenderedNode,
  input: InstanceInput,
): { instance: DesiredInstance; problems: Problem[] } {
  const { instance, secrets, repository, algorithms = digestAlgorithms } = input;
  const { mounts, problems } = buildMounts(instance, { model: input.model, secrets, repository });
  const model = withReadOnlyBinds(input.model, mounts);
  const own = buildNetworks(instance, model);
  const networks = [...externalNetworks(model), ...own];
  const volumes = buildVolumes(instance, model);
  const byKey = { networks: nameByKey(networks), volumes: nameByKey(volumes) };
  const services = Object.entries(model.services)
    .map((entry) => buildService(entry, { instance, model, mounts, algorithms, ...byKey }))
    .sort((a, b) => compareText(a.name, b.name));
  const digests = new Map(services.map(({ name, digests: [{ digest }] }) => [name, digest]));
  const { folder: _folder, ...named } = instance.package;
  return {
    instance: {
      name: instance.name,
      project: instance.project,
      package: named,
      state: instance.state,
      ...(instance.adopt === undefined ? {} : { adopt: instance.adopt }),
      ...(instance.renew === undefined ? {} : { renew: instance.renew }),
      after: instance.after,
      services,
      networks: own,
      volumes,
      mounts,
      folders: [],
      grants: [],
      compose: runnableModel(model, {
        mounts,
        volumes,
        networks,
        digests,
        environment,
        instance: instance.name,
      }),
    },
    problems: [...problems, ...findUnknownData(input), ...findJobFaults({ instance, model, repository })],
  };
}

type Named = Pick<DesiredNetwork, "key" | "name" | "digest">;

function nameByKey(known: readonly Named[]): Map<string, { name: string; digest: string }> {
  return new Map(known.map(({ key, name, digest }) => [key, { name, digest }]));
}

function buildNetworks(instance: RenderedInstance, model: ComposeModel): DesiredNetwork[] {
  return Object.entries(model.networks)
    .filter(([, definition]) => definition?.["external"] !== true)
    .map(([key, definition]) => describe(`${instance.project}_${key}`, { key, definition }))
    .sort((a, b) => compareText(a.key, b.key));
}

function externalNetworks(model: ComposeModel): Named[] {
  return Object.entries(model.networks)
    .filter(([, definition]) => definition?.["external"] === true)
    .map(([key, definition]) => ({ key, name: networkName(key, definition), digest: "" }))
    .sort((a, b) => compareText(a.key, b.key));
}

function buildVolumes(instance: RenderedInstance, model: ComposeModel): DesiredVolume[] {
  return Object.entries(model.volumes)
    .map(([key, definition]) => ({
      ...describe(`${instance.volumeProject}_${instance.data[key]?.was ?? key}`, { key, definition }),
      format: instance.data[key]?.format ?? null,
      reads: instance.data[key]?.reads ?? null,
      generation: 1,
    }))
    .sort((a, b) => compareText(a.key, b.key));
}

/** Compose's own name is the one we give, and nulls and empty maps come and go with its versions. */
function describe(name: string, input: { key: string; definition: JsonObject | null }) {
  const { name: _nameInCompose, ...definition } = input.definition ?? {};
  return { key: input.key, name, digest: digestValue(withoutEmpty(definition) ?? {}), definition };
}

function findUnknownData({ instance, model, repository }: InstanceInput): Problem[] {
  const known = Object.keys(model.volumes).sort(compareText);
  return Object.keys(instance.data)
    .filter((key) => model.volumes[key] === undefined)
    .map((key) =>
      packageProblem(
        { instance, repository },
        {
          code: "K1311",
          path: ["data", key],
          part: "key",
          message: `data names the volume \`${key}\`, which ${instance.compose.composeFiles[0]} does not have`,
          hint: `Volumes there: ${known.join(", ") || "none"}.`,
        },
      ),
    );
}

/** Joining another instance's network means starting after its owner. */
function startAfterOwners(instances: readonly DesiredInstance[]): DesiredInstance[] {
  const owners = new Map(
    instances.flatMap(({ name, networks }) => networks.map((network) => [network.name, name] as const)),
  );
  return instances.map((instance) => {
    const joined = instance.services.flatMap(({ networks }) =>
      networks.flatMap((name) => owners.get(name) ?? []),
    );
    const after = [...new Set([...instance.after, ...joined])].filter((name) => name !== instance.name);
    return { ...instance, after: after.sort(compareText) };
  });
}

/**
 * What counts for equality of two desired states: everything but bytes and the runnable model, which follow from it. Of a
 * service's digests the newest says it all, its places too.
 */
function digestible(instance: DesiredInstance) {
  const { compose: _compose, mounts, services, ...rest } = instance;
  return {
    ...rest,
    services: services.map(({ digests: [{ digest }], places: _places, ...service }) => ({
      ...service,
      digest,
    })),
    mounts: mounts.map((mount) => ({
      ...mount,
      files: mount.files.map(({ content: _content, ...file }) => file),
    })),
  };
}
