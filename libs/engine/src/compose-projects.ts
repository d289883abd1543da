import { composeLabels, compareText, labels } from "@keelson/model";
import type { ContainerInfo } from "dockerode";

import { listContainers } from "./container-list.ts";
import type { Engine } from "./engine.ts";
import { labelOf } from "./ownership.ts";

/** What the engine has of a Compose project. */
export interface ComposeProject {
  name: string;
  /** Where Compose ran; empty where no container tells it. */
  workingDir: string;
  configFiles: readonly string[];
  containers: number;
  /** Folders and files of the host that its containers bind, sorted. */
  binds: readonly string[];
  /** Whether Keelson made it, or has taken it over. */
  isManaged: boolean;
}

/** The Compose projects that have containers, by their labels, sorted by name. Those of `compose run` count for their project. */
export async function listComposeProjects(engine: Engine): Promise<ComposeProject[]> {
  const containers = await listContainers(engine, {
    what: "list the containers of Compose projects",
    labels: [composeLabels.project],
  });
  const byProject = Map.groupBy(containers, ({ Labels }) => labelOf(Labels, composeLabels.project));
  return [...byProject]
    .sort(([a], [b]) => compareText(a, b))
    .map(([name, own]) => describeProject(name, own));
}

function describeProject(name: string, containers: readonly ContainerInfo[]): ComposeProject {
  const told = (label: string) =>
    containers.map(({ Labels }) => labelOf(Labels, label)).find((text) => text !== "") ?? "";
  const binds = containers
    .flatMap(({ Mounts }) => Mounts ?? [])
    .flatMap(({ Type: type, Source: source }) => (type === "bind" ? [source] : []));
  return {
    name,
    workingDir: told(composeLabels.workingDir),
    configFiles: told(composeLabels.configFiles)
      .split(",")
      .filter((path) => path !== ""),
    containers: containers.length,
    binds: [...new Set(binds)].sort(compareText),
    isManaged: told(labels.environment) !== "",
  };
}
