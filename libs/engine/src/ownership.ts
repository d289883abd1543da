import { type NodeSecrets, type Ownership, composeLabels, labels, resourceIds } from "@keelson/model";

export type Labels = Readonly<Record<string, string>>;

/** A label's value; empty when there is none. */
export function labelOf(all: Labels, name: string): string {
  return all[name] ?? "";
}

export interface LabelledContainer {
  /** Without the leading slash of the engine. */
  name: string;
  labels: Labels;
}

/**
 * Whose a container is. A valid owner label alone proves nothing, since labels can be copied: the container must also
 * be what they say, by environment, instance, project, service, name and number. A copy is `forged`.
 */
export function judgeContainer(
  container: LabelledContainer,
  node: { environment: string; ownershipOf: NodeSecrets["ownershipOf"] },
): Ownership {
  const project = labelOf(container.labels, composeLabels.project);
  const service = labelOf(container.labels, composeLabels.service);
  const claimed = node.ownershipOf(resourceIds.service(project, service), container.labels[labels.owner]);
  if (claimed !== "ours") return claimed;
  const isWhatItSays =
    labelOf(container.labels, labels.environment) === node.environment &&
    project === `${node.environment}-${labelOf(container.labels, labels.instance)}` &&
    hasServiceName(container.name, { project, service }) &&
    // Replicas have equal labels but for this one: a copy beside its original gets another name.
    /-(\d+)$/.exec(container.name)?.[1] === container.labels[composeLabels.containerNumber];
  return isWhatItSays ? "ours" : "forged";
}

/** `<project>-<service>-<n>`, or what a killed Compose leaves behind: `<12 hex>_<project>-<service>-<n>`. */
export function hasServiceName(
  name: string,
  { project, service }: { project: string; service: string },
): boolean {
  const settled = name.replace(/^[0-9a-f]{12}_/, "");
  const prefix = `${project}-${service}-`;
  return settled.startsWith(prefix) && /^\d+$/.test(settled.slice(prefix.length));
}

/** `ownershipOf` of the node's secrets, from the one function that operations get. */
export function ownershipBy(ownerOf: NodeSecrets["ownerOf"]): NodeSecrets["ownershipOf"] {
  return (resourceId, label) => {
    if (label === undefined) return "foreign";
    // Without the key every label is empty, and nothing is ours.
    return label !== "" && label === ownerOf(resourceId) ? "ours" : "forged";
  };
}
