import {
  type MadeHere,
  type NodeSecrets,
  type Ownership,
  composeLabels,
  containerNumber,
  hasServiceName,
  labels,
  properName,
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

/** What the Compose files call containers, by `<project>/<service>`. */
export type ContainerNames = ReadonlyMap<string, string>;

export interface OwnershipQuestion {
  environment: string;
  ownershipOf: NodeSecrets["ownershipOf"];
  madeHere: MadeHere;
  /** Default none. */
  containerNames?: ContainerNames;
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
 * its labels (environment, project and service), and its id must be one that was made here. Where only the journal of a
 * killed round says so, its name must fit, too. A copy is `forged`.
 */
export function judgeContainer(container: LabelledContainer, node: OwnershipQuestion): Ownership {
  const project = labelOf(container.labels, composeLabels.project);
  const service = labelOf(container.labels, composeLabels.service);
  if (isAdopted(container, { project, service, madeHere: node.madeHere })) return "ours";
  const claimed = node.ownershipOf(resourceIds.service(project, service), container.labels[labels.owner]);
  if (claimed !== "ours") return claimed;
  const isWhatItSays = labelOf(container.labels, labels.environment) === node.environment;
  const provenance = node.madeHere.container({ id: container.id, project, service });
  const isNamed = () => hasOwnName(container, { project, service, names: node.containerNames });
  if (!isWhatItSays || provenance === "other" || (provenance === "unnoted" && !isNamed())) return "forged";
  return provenance === "unproven" ? "unproven" : "ours";
}

/** Replicas have equal labels but for their number: a copy beside its original gets another name. */
function hasOwnName(
  { name, labels: all }: LabelledContainer,
  {
    project,
    service,
    names = new Map(),
  }: { project: string; service: string; names: ContainerNames | undefined },
): boolean {
  if (properName(name) === names.get(`${project}/${service}`)) return true;
  const number = String(containerNumber(name));
  return hasServiceName(name, { project, service }) && number === all[composeLabels.containerNumber];
}
