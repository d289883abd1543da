import {
  type EnvironmentFolder,
  type InstancePlace,
  type NodeDocument,
  type Repository,
  compareText,
  isLocalReference,
  parseKeyPath,
  projectOf,
} from "@keelson/model";

import { findPackage, isPlacedOn } from "./placement.ts";

/**
 * Every instance of an environment that is not to be absent, sorted by name. What cannot be read may be here: it is elsewhere
 * only where another node is known to take it.
 */
export function findPlaces(
  repository: Repository,
  { environment: folder, node }: { environment: EnvironmentFolder; node: NodeDocument },
): InstancePlace[] {
  const { environment, lock, nodes } = folder;
  const { name: ofEnvironment, instances } = environment.value;
  const others = [...nodes.values()].map(({ value }) => value).filter(({ name }) => name !== node.name);
  const read = Object.entries(instances)
    .filter(([, { state }]) => state !== "absent")
    .map(([name, instance]): InstancePlace => {
      const found = findPackage(repository, { lock, reference: instance.package })?.package ?? null;
      const isOn = (on: NodeDocument) => isPlacedOn(on, { instance, folder: found });
      return {
        name,
        project: instance.project ?? projectOf(ofEnvironment, name),
        ...(instance.was === undefined ? {} : { was: instance.was }),
        isElsewhere: !isOn(node) && others.some(isOn),
      };
    });
  const unread = findUnread(folder)
    .filter((name) => !Object.hasOwn(instances, name))
    .map((name) => ({ name, project: projectOf(ofEnvironment, name), isElsewhere: false }));
  return [...read, ...unread].sort((a, b) => compareText(a.name, b.name));
}

export interface UnplacedProvider {
  name: string;
  /** Interfaces; null where nobody knows. */
  provides: readonly string[] | null;
}

/** Instances that may be meant for this node, and that are not placed on it because something of them is wrong. */
export function findUnplacedProviders(
  repository: Repository,
  {
    environment: { environment, lock },
    places,
    placed,
  }: {
    environment: EnvironmentFolder;
    places: readonly InstancePlace[];
    placed: readonly { name: string }[];
  },
): UnplacedProvider[] {
  return places
    .filter(({ name, isElsewhere }) => !isElsewhere && placed.every((each) => each.name !== name))
    .map(({ name }) => {
      const { instances } = environment.value;
      const reference = Object.hasOwn(instances, name) ? (instances[name]?.package ?? "") : "";
      const found = findPackage(repository, { lock, reference })?.package;
      return { name, provides: found === undefined ? null : Object.keys(found.package.value.provides) };
    });
}

/** Names of instances of which something is wrong in environment.yaml and is left out, and of folders that cannot be one. */
export function findUnread({ layers, unnamed }: EnvironmentFolder): string[] {
  const paths = layers.flatMap(({ leftOut = [] }) => leftOut).map(parseKeyPath);
  return [
    ...new Set(paths.flatMap(([part, name]) => (part === "instances" && name !== undefined ? [name] : []))),
    ...unnamed,
  ];
}

/** Whether one instance with problems leaves the others to be applied. Projects say nothing of each other; packages of a release do. */
export function isPartial({ environment: { value } }: EnvironmentFolder): boolean {
  const isLocal = Object.values(value.instances).every((each) => isLocalReference(each.package));
  return value.policy.partial ?? (isLocal && Object.keys(value.releases).length === 0);
}
