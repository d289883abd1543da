import { KeelsonError, type MadeHere, type NodeSecrets, composeLabels, transient } from "@keelson/model";

import type { Engine } from "./engine.ts";
import { listedName } from "./listed-name.ts";
import { judgeContainer, labelOf } from "./ownership.ts";
import { listContainers } from "./container-list.ts";

/** A project of an environment, or one service of it. Only what is this node's own counts. */
export interface OwnProject {
  environment: string;
  /** `<environment>-<instance>` */
  project: string;
  service?: string | undefined;
  ownershipOf: NodeSecrets["ownershipOf"];
  madeHere: MadeHere;
}

export interface OwnContainer {
  id: string;
  name: string;
  service: string;
  isRunning: boolean;
}

/** This node's own containers of a project by name, also those that do not run; one-off ones belong to a person. */
export async function listOwnContainers(
  engine: Engine,
  { project, service, signal, ...node }: OwnProject & { signal: AbortSignal },
): Promise<OwnContainer[]> {
  const containers = await listContainers(engine, {
    what: `list the containers of ${showProject({ project, service })}`,
    labels: projectFilter({ project, service }),
    signal,
  });
  return containers
    .map((info) => ({ name: listedName(info), info }))
    .filter(
      ({ name, info: { Id: id, Labels: labels } }) => judgeContainer({ id, name, labels }, node) === "ours",
    )
    .map(({ name, info }) => ({
      id: info.Id,
      name,
      service: labelOf(info.Labels, composeLabels.service),
      isRunning: info.State === "running",
    }))
    .toSorted((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
}

/** Labels that all containers of a project, or of a service of it, carry. */
export function projectFilter({ project, service }: Pick<OwnProject, "project" | "service">): string[] {
  return [
    `${composeLabels.project}=${project}`,
    `${composeLabels.oneOff}=False`,
    ...(service === undefined ? [] : [`${composeLabels.service}=${service}`]),
  ];
}

/** `lab-core`, or a service of it as resources are shown in a plan: `lab-core/nginx`. */
export function showProject({ project, service }: Pick<OwnProject, "project" | "service">): string {
  return service === undefined ? project : `${project}/${service}`;
}

export function noContainer(asked: Pick<OwnProject, "project" | "service">): KeelsonError {
  return new KeelsonError({
    code: "K3010",
    message: `${showProject(asked)} has no container of this node`,
    outcome: transient,
  });
}
