import { findAttributeFaults, readRepository } from "@keelson/manifest";
import {
  type OuterAttributes,
  type Problem,
  type Repository,
  type Snapshot,
  sortProblems,
  withoutRepeats,
} from "@keelson/model";
import { checkSettingsSchema } from "@keelson/settings";
import { type NodeReference, buildDesired, renderFiles } from "@keelson/render";

import { findDigestFaults } from "./digest-fault.ts";
import type { DesiredPorts } from "./ports.ts";
import { findScheduleFaults } from "./schedule-fault.ts";
import { resolveModels } from "./resolve-models.ts";

export interface CheckResult {
  repository: Repository;
  /** Every node of every environment with a lock. */
  nodes: NodeReference[];
  problems: Problem[];
  /** What will hardly be meant, and stops nothing. */
  warnings: Problem[];
}

type CheckPorts = Pick<DesiredPorts, "gateCompose" | "resolveCompose" | "record" | "secrets">;

/**
 * Finds all problems of a repository: those of its documents, those of the desired state of each node, and the attributes
 * with which Git would change its releases.
 */
export async function checkRevision(
  snapshot: Snapshot,
  { attributes, ...ports }: CheckPorts & { attributes: OuterAttributes },
): Promise<CheckResult> {
  const files = await snapshot.readFiles(["environments/", "releases/"]);
  const { repository, problems } = readRepository(files);
  const nodes: NodeReference[] = [];
  const schemas = [...repository.releases.values()].flatMap(({ settingsSchema }) =>
    settingsSchema === null ? [] : checkSettingsSchema(settingsSchema),
  );
  const found = [
    ...problems,
    ...schemas,
    ...findAttributeFaults(files, attributes),
    ...(await findScheduleFaults(repository)),
    ...(await findDigestFaults(repository, files)),
  ];
  const warnings: Problem[] = [];
  for (const [environment, folder] of repository.environments) {
    if (folder.lock === null) continue; // a problem already, and nothing can be placed without a lock
    for (const node of folder.nodes.keys()) {
      const reference = { environment, node };
      nodes.push(reference);
      const checked = await checkNode(repository, { reference, ports });
      found.push(...checked.problems);
      warnings.push(...checked.warnings);
    }
  }
  return {
    repository,
    nodes,
    problems: sortProblems(withoutRepeats(found)),
    warnings: sortProblems(withoutRepeats(warnings)),
  };
}

async function checkNode(
  repository: Repository,
  { reference, ports }: { reference: NodeReference; ports: CheckPorts },
): Promise<Pick<CheckResult, "problems" | "warnings">> {
  const { rendered, warnings, ...render } = renderFiles(repository, reference);
  if (rendered === null) return { problems: render.problems, warnings };
  const { models, problems } = await resolveModels({ ...render, rendered }, ports);
  const built = buildDesired(rendered, { models, secrets: ports.secrets, repository });
  return { problems: [...problems, ...built.problems], warnings };
}
