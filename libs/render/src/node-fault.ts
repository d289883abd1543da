import {
  type DesiredInstance,
  type NodeSecrets,
  type Problem,
  type PublishedPort,
  type RenderedNode,
  type Repository,
  decodeText,
  missingSecretHint,
  problemOf,
  secretPlaceholder,
} from "@keelson/model";

import { findCountFaults } from "./count-fault.ts";
import { type FaultContext, concerning, sourcesOf } from "./fault-context.ts";
import { findHiddenMounts } from "./hidden-mount.ts";
import { findUnpinnedImages } from "./image-fault.ts";
import { isBelow } from "./mount.ts";
import { findContainerNameFaults } from "./name-fault.ts";
import { findForeignContainers } from "./joined-container.ts";
import { findSharedNetworks, findUnownedNetworks } from "./network-fault.ts";
import { composeProblem } from "./place-of-problem.ts";
import { findSharedSubnets } from "./subnet-fault.ts";
import { findUngrantedNetworks } from "./used-grants.ts";

/** Problems that only all instances of a node together can have. `instances` are those that could be built. */
export function findNodeFaults(
  rendered: RenderedNode,
  {
    instances,
    secrets,
    repository,
  }: {
    instances: readonly DesiredInstance[];
    secrets: NodeSecrets;
    repository?: Repository | undefined;
  },
): Problem[] {
  const context = { rendered, instances, repository };
  const built = new Set(instances.map(({ name }) => name));
  const isAllBuilt = rendered.places.every(({ name, isElsewhere }) => isElsewhere || built.has(name));
  return [
    // Who owns a network or a container may be one of those that are missing.
    ...(isAllBuilt ? [...findUnownedNetworks(context), ...findForeignContainers(context)] : []),
    ...findUngrantedNetworks(context),
    ...findSharedNetworks(context),
    ...findContainerNameFaults(context),
    ...findCountFaults(context),
    ...findSharedPorts(context),
    ...findSharedVolumes(context),
    ...findSharedFolders(context),
    ...findHiddenMounts(context),
    ...findSharedSubnets(context),
    ...findUnpinnedImages(context),
    ...findMissingSecrets(rendered, secrets),
    ...findOddSecrets(rendered, secrets),
  ];
}

/** Two services that run cannot publish one port; the second one would never start. */
function findSharedPorts({ rendered, instances }: FaultContext): Problem[] {
  const published = sourcesOf({ rendered, instances })
    .filter(({ instance }) => instance.state === "running")
    .flatMap(({ instance, source }) =>
      instance.services
        .filter(({ replicas }) => replicas > 0)
        .flatMap(({ name, ports }) =>
          ports.map((port) => ({ source, port, name, project: instance.project })),
        ),
    );
  return published.flatMap(({ source, port, name, project }, index): Problem[] => {
    const first = published.slice(0, index).find((other) => collide(other.port, port));
    if (first === undefined) return [];
    return [
      concerning(
        composeProblem(source, {
          code: "K1312",
          path: ["services", name, "ports"],
          message: `${project}/${name} and ${first.project}/${first.name} both publish port ${port.port}/${port.protocol} of this node`,
          hint: "Give one of them another port, or let it be a setting.",
        }),
        [first.source.name, source.name],
      ),
    ];
  });
}

/** By a name or by `was` two keys can lead to one volume, which is only one's. */
function findSharedVolumes({ rendered, instances }: FaultContext): Problem[] {
  const all = sourcesOf({ rendered, instances }).flatMap(({ instance, source }) =>
    instance.volumes.map(({ key, name }) => ({ key, name, source, owner: instance.name })),
  );
  return all.flatMap(({ key, name, source, owner }, index): Problem[] => {
    const first = all.slice(0, index).find((other) => other.name === name);
    if (first === undefined) return [];
    return [
      concerning(
        composeProblem(source, {
          code: "K1435",
          path: ["volumes", key],
          message: `the volume ${key} of instance ${owner} and ${first.key} of ${first.owner} would both be ${name}`,
          hint: "One of them is so by its `name` or its `was`: take that away, or the other volume.",
        }),
        [first.source.name, source.name],
      ),
    ];
  });
}

/** By `was` two instances can have one folder of the node, or one below another's. */
function findSharedFolders({ rendered, instances }: FaultContext): Problem[] {
  const all = sourcesOf({ rendered, instances }).flatMap(({ instance, source }) =>
    instance.folders.map((folder) => ({ instance, folder, source, owner: instance.was ?? instance.name })),
  );
  return all.flatMap(({ instance, folder, source, owner }, index): Problem[] => {
    const first = all
      .slice(0, index)
      .find(
        (other) =>
          other.instance !== instance && other.owner === owner && meetsIn(folder.source, other.folder.source),
      );
    if (first === undefined) return [];
    return [
      concerning(
        composeProblem(source, {
          code: "K1435",
          path: ["services", folder.services[0] ?? "", "volumes"],
          message: `${folder.source} of instance ${instance.name} and ${first.folder.source} of ${first.instance.name} would both be the data of ${owner}`,
          hint: "One of them is so by its `was`: take that away, or the other instance.",
        }),
        [first.source.name, source.name],
      ),
    ];
  });
}

function meetsIn(a: string, b: string): boolean {
  return a === b || a === "." || b === "." || isBelow(a, b) || isBelow(b, a);
}

/** A port on all addresses is taken on each of them. */
function collide(a: PublishedPort, b: PublishedPort): boolean {
  const isAny = (address: string) => address === "" || address === "0.0.0.0" || address === "::";
  const meet = a.hostIp === b.hostIp || isAny(a.hostIp) || isAny(b.hostIp);
  return a.port === b.port && a.protocol === b.protocol && meet;
}

/** Each secret once, however many files need it. */
function findMissingSecrets(rendered: RenderedNode, secrets: NodeSecrets): Problem[] {
  const uses = rendered.instances.flatMap((instance) =>
    instance.files.flatMap(({ template, secrets: names }) =>
      names.map((secret) => ({ secret, template, instance: instance.name })),
    ),
  );
  const missing = uses.filter(({ secret }) => !secrets.hasValue(secret));
  return [...Map.groupBy(missing, ({ secret }) => secret)].map(([name, users]) => {
    const problem = problemOf(users[0]?.template ?? "", {
      code: "K5002",
      message: `secret ${name} has no value on node ${rendered.node}`,
      hint: missingSecretHint(name),
    });
    return { ...problem, instances: [...new Set(users.map(({ instance }) => instance))] };
  });
}

/** Files that are parsed when they are rendered. */
const checkedSyntax = /\.(?:json|ya?ml)$/;

/** The file was checked with placeholders: a quote or a line break in a value would break the real one. */
function findOddSecrets(rendered: RenderedNode, secrets: NodeSecrets): Problem[] {
  return rendered.instances.flatMap(({ name: instance, files }) =>
    files
      .filter(({ to }) => checkedSyntax.test(to))
      .flatMap((file) =>
        file.secrets
          .filter((name) => secrets.hasValue(name) && !secrets.isPlain(name))
          // After the filter json it has the escapes that it needs.
          .filter((name) => decodeText(file.content).includes(secretPlaceholder(name)))
          .map((name) => ({
            ...problemOf(file.template, {
              code: "K5007",
              message: `secret ${name} cannot stand in ${file.to}: its value on node ${rendered.node} holds characters that need quoting there`,
              hint: `Write it as {{ secrets.${name.split(".")[1] ?? ""} | json }} without quotes around it, give it a file of its own, or a value of letters, digits and . _ / + = ~ - only.`,
            }),
            instances: [instance],
          })),
      ),
  );
}
