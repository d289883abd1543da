import {
  findAttributeFaults,
  findRecipientFaults,
  findUnopened,
  followLinks,
  readRepository,
} from "@keelson/manifest";
import {
  type DesiredNode,
  type OuterAttributes,
  type Problem,
  type Repository,
  type Snapshot,
  type SourceFiles,
  needsLock,
  sortProblems,
  withoutRepeats,
} from "@keelson/model";
import { checkSettingsSchema } from "@keelson/settings";
import { type NodeReference, buildDesired, renderFiles, unplacedInput } from "@keelson/render";

import { findDigestFaults, readReleaseDigests } from "./digest-fault.ts";
import { tellIgnored } from "./ignored-file.ts";
import type { DesiredPorts } from "./ports.ts";
import { readLocal } from "./read-local.ts";
import { findScheduleFaults } from "./schedule-fault.ts";
import { resolveModels } from "./resolve-models.ts";
import { toldOnce } from "./told-once.ts";
import { findUnlockedText } from "./unlocked-image.ts";
import { findUnusedGrants } from "./unused-grants.ts";

export interface CheckResult {
  repository: Repository;
  /** Every node of every environment that has what it follows. */
  nodes: NodeReference[];
  problems: Problem[];
  /** What will hardly be meant, and stops nothing. */
  warnings: Problem[];
}

type CheckPorts = Pick<DesiredPorts, "gateCompose" | "listImages" | "resolveCompose" | "record" | "secrets">;

/**
 * Finds all problems of a repository: those of its documents, the attributes with which Git would change its releases,
 * those of the desired state of each node, and what the gate refuses in packages that no node gets. An error of Compose is
 * thrown only where there is no problem: it must not hide one.
 */
export async function checkRevision(
  snapshot: Snapshot,
  {
    attributes,
    findChangedReleases,
    ...ports
  }: CheckPorts & {
    attributes: OuterAttributes;
    /** What releases have otherwise than they were published, where tags say so. */
    findChangedReleases?: (files: SourceFiles) => Promise<Problem[]>;
  },
): Promise<CheckResult> {
  const files = await snapshot.readFiles(["environments/", "releases/"]);
  const local = await readLocal(snapshot, followLinks(files));
  const { repository, problems, warnings } = readRepository(files, local);
  const schemas = [...repository.releases.values(), ...repository.local.values()].flatMap(
    ({ settingsSchema }) => (settingsSchema === null ? [] : checkSettingsSchema(settingsSchema)),
  );
  const found = [
    ...problems,
    ...findAttributeFaults(files, attributes),
    ...schemas,
    ...(await findScheduleFaults(repository)),
    ...findDigestFaults(repository, await readReleaseDigests(repository, files)),
    ...((await findChangedReleases?.(files)) ?? []),
    ...findRecipientFaults(repository),
  ];
  const nodes = listNodes(repository);
  const judged = new Set<string>();
  const errors: unknown[] = [];
  const desired: { environment: string; desired: DesiredNode | null }[] = [];
  for (const reference of nodes) {
    const { rendered, missing, ...render } = renderFiles(repository, reference);
    const made: (typeof desired)[number] = { environment: reference.environment, desired: null };
    desired.push(made);
    warnings.push(...render.warnings);
    // Where a document has a problem, that is why something is missing.
    found.push(...render.problems, ...(problems.length === 0 ? missing : []));
    if (rendered === null) continue;
    const document = repository.environments.get(reference.environment)?.nodes.get(reference.node);
    const ofInstances = render.sealed.filter(({ instances }) => instances !== null);
    if (document !== undefined) found.push(...findUnopened(ofInstances, document));
    for (const { compose } of [...render.unrendered, ...rendered.instances]) judged.add(compose.folder);
    const { models, problems: refused, error, ...said } = await resolveModels({ ...render, rendered }, ports);
    warnings.push(...said.warnings);
    const built = buildDesired(rendered, { models, problems: refused, secrets: ports.secrets, repository });
    found.push(...refused, ...built.problems);
    warnings.push(...built.warnings.map(withoutInstances));
    made.desired = built.desired?.held.length === 0 ? built.desired : null;
    if (error !== null) errors.push(error);
  }
  // Where a document has a problem, that is why something is not used.
  if (problems.length === 0) warnings.push(...findUnusedGrants(repository, desired));
  warnings.push(...findUnlockedText(repository, { judged, ...ports }));
  const unplaced = repository.packages.filter(({ folder }) => !judged.has(folder));
  found.push(...unplaced.flatMap((folder) => ports.gateCompose(unplacedInput(folder))));
  if (found.length === 0 && errors.length > 0) throw errors[0];
  return {
    repository,
    nodes,
    problems: sortProblems(toldOnce((await tellIgnored(found, snapshot)).map(withoutInstances))),
    warnings: sortProblems(withoutRepeats(warnings)),
  };
}

/** A name says nothing among several environments, and a problem of a package concerns many. */
function withoutInstances({ instances: _ofOneNode, ...problem }: Problem): Problem {
  return problem;
}

/** Nothing of a release can be placed without a lock; that it is missing is a problem already. */
function listNodes({ environments }: Repository): NodeReference[] {
  return [...environments]
    .filter(([, { lock, environment }]) => lock !== null || !needsLock(environment.value))
    .flatMap(([environment, { nodes }]) => [...nodes.keys()].map((node) => ({ environment, node })));
}
