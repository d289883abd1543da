import type { NodeGrants } from "@keelson/model";
import type { ImportProposal } from "@keelson/reconcile";

import type { RunningProject } from "./running-project.ts";

/** What agent.yaml needs for an import. It is never written: what a node permits is not for Git to say. */
export interface AgentPart {
  allow?: NodeGrants;
  dataFolders?: Readonly<Record<string, string>>;
}

/** What is taken over keeps its data where it lies: relative binds of its containers are below the folder in which Compose ran. */
export function agentPart(
  { imported, permits }: Pick<ImportProposal, "imported" | "permits">,
  running: readonly RunningProject[],
): AgentPart {
  const adopted = imported.filter(({ adopt }) => adopt);
  const allow: NodeGrants = {
    ...permits,
    ...(adopted.length === 0 ? {} : { adopt: adopted.map(({ project }) => project) }),
  };
  const places = adopted.flatMap(({ instance, project }) =>
    running
      .filter(({ name, workingDir }) => name === project && workingDir !== "")
      .filter(({ binds, workingDir }) => binds.some((path) => path.startsWith(`${workingDir}/`)))
      .map(({ workingDir }) => [instance, workingDir] as const),
  );
  return {
    ...(Object.keys(allow).length === 0 ? {} : { allow }),
    ...(places.length === 0 ? {} : { dataFolders: Object.fromEntries(places) }),
  };
}
