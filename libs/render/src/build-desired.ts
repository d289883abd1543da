import {
  type ComposeModel,
  type DesiredFile,
  type DesiredInstance,
  type DesiredNetwork,
  type DesiredNode,
  type NodeSecrets,
  type Problem,
  type RenderedInstance,
  type RenderedNode,
  type Repository,
  compareText,
  digestValue,
} from "@keelson/model";

import { buildBinds } from "./bind.ts";
import { withDataFolders } from "./data-folder.ts";
import { buildEnvironmentNetworks, buildNetworks, externalNetworks } from "./desired-network.ts";
import { buildService } from "./desired-service.ts";
import { buildVolumes, externalVolumes } from "./desired-volume.ts";
import { withPlacedContent } from "./inline-content.ts";
import { findHeld, problemsHere } from "./held-instance.ts";
import { findJobFaults } from "./job.ts";
import { joinContainers, withOwnServices } from "./joined-container.ts";
import { findUnlockedImages } from "./image-fault.ts";
import { findNodeFaults } from "./node-fault.ts";
import { packageProblem } from "./place-of-problem.ts";
import { findSecretFaults } from "./secret-environment.ts";
import { withReadOnlyBinds } from "./read-only-bind.ts";
import { runnableModel } from "./runnable-model.ts";
import { findScaleFaults, withScale } from "./scale.ts";
import { type DigestAlgorithms, digestAlgorithms } from "./service-digest.ts";
import { usedGrants, withNetworkGrants, withoutOwnNetworks } from "./used-grants.ts";

export interface BuildInput {
  /** Compose's resolved model by instance name. */
  models: ReadonlyMap<string, ComposeModel>;
  /** What was found so far. */
  problems: readonly Problem[];
  secrets: NodeSecrets;
  /** Where documents stand, for the lines of problems. */
  repository?: Repository;
  /** Default: all that are known. */
  algorithms?: DigestAlgorithms;
}

/**
 * What the node is to have, with digests and labels, and all problems that this node has to tell. Instances with problems are
 * held where the environment permits that; otherwise, and for problems of the whole commit, the desired state is null. Warnings stop
 * nothing.
 */
export function buildDesired(
  rendered: RenderedNode,
  input: BuildInput,
): { desired: DesiredNode | null; problems: Problem[]; warnings: Problem[] } {
  const results = rendered.instances.map((instance) => {
    const model = input.models.get(instance.name);
    return model === undefined
      ? { instance: null, problems: [] }
      : buildInstance(rendered, { ...input, ...withPlacedContent(instance, model) });
  });
  const made = results.flatMap((result) => (result.instance === null ? [] : [result.instance]));
  const networks = buildEnvironmentNetworks(rendered, made);
  const built = joinContainers(
    startAfterOwners(withNetworkGrants(rendered, withoutOwnNetworks(made, networks))),
  );
  const problems = [
    ...input.problems,
    ...results.flatMap((result) => result.problems),
    ...findNodeFaults(rendered, { ...input, instances: built }),
  ];
  const warnings = findUnlockedImages({ rendered, instances: built, repository: input.repository });
  const held = findHeld(rendered, { built, problems });
  if (held === null) return { desired: null, problems, warnings };
  const { environment, node, lockDigest } = rendered;
  const instances = built
    .filter(({ name }) => held.every((each) => each.name !== name))
    .sort((a, b) => compareText(a.name, b.name));
  const digest = digestValue({
    environment,
    node,
    instances: instances.map(digestible),
    networks,
    ...(held.length === 0 ? {} : { held }),
  });
  return {
    desired: { environment, node, lockDigest, digest, instances, networks, held },
    problems: problemsHere(rendered, problems),
    warnings,
  };
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
  const { binds, problems } = buildBinds(instance, { model: input.model, secrets, repository });
  const { mounts, folders } = binds;
  const scaled = withScale(withOwnServices(withReadOnlyBinds(input.model, mounts)), instance.scale);
  const model = withDataFolders(scaled, folders);
  const own = buildNetworks(instance, model);
  const networks = [...externalNetworks(model), ...own];
  const volumes = buildVolumes(instance, model);
  const foreign = externalVolumes(model);
  const byKey = { networks: nameByKey(networks), volumes: nameByKey([...foreign, ...volumes]) };
  const services = Object.entries(model.services)
    .map((entry) =>
      buildService(entry, { instance, model, mounts, algorithms, secrets, external: foreign, ...byKey }),
    )
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
      folders,
      ...(instance.was === undefined ? {} : { was: instance.was }),
      grants: usedGrants(model, instance.compose),
      compose: runnableModel(model, {
        mounts,
        volumes: [...foreign, ...volumes],
        networks,
        digests,
        environment,
        instance: instance.name,
      }),
    },
    problems: [
      ...problems,
      ...findUnknownData(input),
      ...findJobFaults({ instance, model, repository }),
      ...findScaleFaults({ instance, model, environment, repository }),
      ...findSecretFaults(instance, { model, secrets }),
    ].map((problem) => ({ ...problem, instances: [instance.name] })),
  };
}

type Named = Pick<DesiredNetwork, "key" | "name" | "digest">;

function nameByKey(known: readonly Named[]): Map<string, { name: string; digest: string }> {
  return new Map(known.map(({ key, name, digest }) => [key, { name, digest }]));
}

function findUnknownData({ instance, model, repository }: InstanceInput): Problem[] {
  const own = buildVolumes(instance, model).map(({ key }) => key);
  return Object.keys(instance.data)
    .filter((key) => !own.includes(key))
    .map((key) =>
      packageProblem(
        { instance, repository },
        {
          code: "K1311",
          path: ["data", key],
          part: "key",
          message: `data names the volume \`${key}\`, which ${instance.compose.composeFiles[0]} does not have`,
          hint: `Volumes there: ${own.join(", ") || "none"}.`,
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
  const { compose: _compose, mounts, folders, services, ...rest } = instance;
  return {
    ...rest,
    services: services.map(({ digests: [{ digest }], places: _places, ...service }) => ({
      ...service,
      digest,
    })),
    mounts: mounts.map(withoutContent),
    folders: folders.map(withoutContent),
  };
}

function withoutContent<Bound extends { files: readonly DesiredFile[] }>(bound: Bound) {
  return { ...bound, files: bound.files.map(({ content: _content, ...file }) => file) };
}
