import {
  type MadeHere,
  type NodeSecrets,
  type Ownership,
  composeLabels,
  hasServiceName,
  labels,
  projectOf,
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

/** One without our label is ours where the record says both that it was taken over and of which service it is. */
function isAdopted(
  { id, labels: all }: LabelledContainer,
  { madeHere, ...of }: { project: string; service: string; madeHere: MadeHere },
): boolean {
  if (all[labels.owner] !== undefined || adopterOf(madeHere, { kind: "containers", id }) === "") return false;
  return madeHere.container({ id, ...of }) === "known";
}

/** The instance that has taken a resource over; empty where none has. */
export function adopterOf(
  { adopter }: MadeHere,
  found: Parameters<NonNullable<MadeHere["adopter"]>>[0],
): string {
  return adopter?.(found) ?? "";
}

/**
 * Who owns a container. A valid owner label alone proves nothing, since labels can be copied: the container must also fit
 * its labels (environment, instance, project, service, name and number), and its id must be one that was made here. A copy
 * is `forged`.
 */
export function judgeContainer(
  container: LabelledContainer,
  node: { environment: string; ownershipOf: NodeSecrets["ownershipOf"]; madeHere: MadeHere },
): Ownership {
  const project = labelOf(container.labels, composeLabels.project);
  const service = labelOf(container.labels, composeLabels.service);
  if (isAdopted(container, { project, service, madeHere: node.madeHere })) return "ours";
  const claimed = node.ownershipOf(resourceIds.service(project, service), container.labels[labels.owner]);
  if (claimed !== "ours") return claimed;
  const isWhatItSays =
    labelOf(container.labels, labels.environment) === node.environment &&
    project === projectOf(node.environment, labelOf(container.labels, labels.instance)) &&
    hasServiceName(container.name, { project, service }) &&
    // Replicas have equal labels but for this one: a copy beside its original gets another name.
    /-(\d+)$/.exec(container.name)?.[1] === container.labels[composeLabels.containerNumber];
  const provenance = node.madeHere.container({ id: container.id, project, service });
  if (!isWhatItSays || provenance === "other") return "forged";
  return provenance === "unproven" ? "unproven" : "ours";
}
