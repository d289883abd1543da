import {
  type MadeHere,
  type NodeSecrets,
  type Ownership,
  composeLabels,
  hasServiceName,
  labels,
  resourceIds,
} from "@keelson/model";

export type Labels = Readonly<Record<string, string>>;

/** A label's value; empty when there is none. */
export function labelOf(all: Labels, name: string): string {
  return all[name] ?? "";
}

export interface LabelledContainer {
  id: string;
  /** Without the leading slash of the engine. */
  name: string;
  labels: Labels;
}

/**
 * Who owns a container. A valid owner label alone proves nothing, since labels can be copied: the container must also fit
 * its labels (environment, project, service, name and number), and its id must be one that was made here. A copy
 * is `forged`.
 */
export function judgeContainer(
  container: LabelledContainer,
  node: { environment: string; ownershipOf: NodeSecrets["ownershipOf"]; madeHere: MadeHere },
): Ownership {
  const project = labelOf(container.labels, composeLabels.project);
  const service = labelOf(container.labels, composeLabels.service);
  const claimed = node.ownershipOf(resourceIds.service(project, service), container.labels[labels.owner]);
  if (claimed !== "ours") return claimed;
  const isWhatItSays =
    labelOf(container.labels, labels.environment) === node.environment &&
    hasServiceName(container.name, { project, service }) &&
    // Replicas have equal labels but for this one: a copy beside its original gets another name.
    /-(\d+)$/.exec(container.name)?.[1] === container.labels[composeLabels.containerNumber];
  const provenance = node.madeHere.container({ id: container.id, project, service });
  if (!isWhatItSays || provenance === "other") return "forged";
  return provenance === "unproven" ? "unproven" : "ours";
}
