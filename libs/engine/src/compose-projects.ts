import { composeLabels, compareText, labels } from "@keelson/model";
import type { ContainerInfo } from "dockerode";

import { listContainers } from "./container-list.ts";
import type { Engine } from "./engine.ts";
import { listNetworks } from "./observed-network.ts";
import { labelOf } from "./ownership.ts";
import { findClaim } from "./project-claim.ts";

/** What the engine has of a Compose project. */
export interface ComposeProject {
  name: string;
  /** Where Compose ran; empty where no container tells it. */
  workingDir: string;
  configFiles: readonly string[];
  /** Containers of its services, also those that do not run. */
  containers: number;
  /** How many of them do not run. */
  stopped: number;
  /** Names of containers of `docker compose run`, sorted. They are no part of a service. */
  oneOffs: readonly string[];
  /** Names that Compose 1 has given, such as `wiki_app_1`, sorted. */
  oldNames: readonly string[];
  /** Folders and files of the host that its containers bind, sorted. */
  binds: readonly string[];
  /** Whether Keelson made it, or has taken it over. */
  isManaged: boolean;
}

/** The Compose projects that have containers, by their labels, sorted by name. */
export async function listComposeProjects(engine: Engine): Promise<ComposeProject[]> {
  const containers = await listContainers(engine, {
    what: "list the containers of Compose projects",
    labels: [composeLabels.project],
  });
  const byProject = Map.groupBy(containers, ({ Labels }) => labelOf(Labels, composeLabels.project));
  const sorted = [...byProject].sort(([a], [b]) => compareText(a, b));
  return Promise.all(
    sorted.map(async ([name, own]) => {
      const claim = await findClaim({ engine }, { project: name });
      return describeProject(name, { containers: own, isAdopted: claim !== null });
    }),
  );
}

/** Names of the networks that others than Keelson have made, those of the engine itself among them, sorted. */
export async function listForeignNetworks(engine: Engine): Promise<string[]> {
  const networks = await listNetworks(engine, undefined);
  const foreign = networks.filter(({ Labels }) => labelOf(Labels ?? {}, labels.environment) === "");
  return foreign.map(({ Name: name }) => name).sort(compareText);
}

function describeProject(
  name: string,
  { containers, isAdopted }: { containers: readonly ContainerInfo[]; isAdopted: boolean },
): ComposeProject {
  const told = (label: string) =>
    containers.map(({ Labels }) => labelOf(Labels, label)).find((text) => text !== "") ?? "";
  const binds = containers
    .flatMap(({ Mounts }) => Mounts ?? [])
    .flatMap(({ Type: type, Source: source }) => (type === "bind" ? [source] : []));
  const isOneOff = ({ Labels }: ContainerInfo) =>
    labelOf(Labels, composeLabels.oneOff).toLowerCase() === "true";
  const own = containers.filter((each) => !isOneOff(each));
  return {
    name,
    workingDir: told(composeLabels.workingDir),
    configFiles: told(composeLabels.configFiles)
      .split(",")
      .filter((path) => path !== ""),
    containers: own.length,
    stopped: own.filter(({ State: state }) => state !== "running").length,
    oneOffs: namesOf(containers.filter(isOneOff)),
    oldNames: namesOf(own.filter((each) => isOldName(each, name))),
    binds: [...new Set(binds)].sort(compareText),
    isManaged: isAdopted || told(labels.environment) !== "",
  };
}

function namesOf(containers: readonly ContainerInfo[]): string[] {
  return containers.map(nameOf).sort(compareText);
}

function nameOf({ Names }: ContainerInfo): string {
  return (Names[0] ?? "").replace(/^\//, "");
}

/** Compose 1 put underlines between the parts of a name. */
function isOldName(container: ContainerInfo, project: string): boolean {
  const service = labelOf(container.Labels, composeLabels.service);
  const number = labelOf(container.Labels, composeLabels.containerNumber);
  return service !== "" && nameOf(container) === `${project}_${service}_${number}`;
}
