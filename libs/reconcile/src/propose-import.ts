import { type PathUse, findPathUses, leastGrants, leastPermits } from "@keelson/grants";
import { type ImportedProject, writeImported } from "@keelson/manifest";
import {
  type Ask,
  type ComposeModel,
  type DesiredInstance,
  type NodeGrants,
  type Policy,
  type Problem,
  type Snapshot,
  problemOf,
} from "@keelson/model";
import type { NodeReference } from "@keelson/render";

import { targetAt } from "./choose-target.ts";
import { withDocuments } from "./documented-snapshot.ts";
import type { DesiredPorts } from "./ports.ts";
import { readDesired } from "./reconcile-once.ts";
import { resolvedOnce } from "./resolved-once.ts";
import { type JoinedNetwork, type Surroundings, judgeNetworks, withoutMade } from "./shared-network.ts";

export interface ImportInput {
  reference: NodeReference;
  projects: readonly ImportedProject[];
  /** Folders with a Compose file that cannot be imported, whatever a trial says. */
  leftOut: readonly string[];
  /** All paths of the revision. */
  listed: readonly string[];
  /** The age recipient of the node; null where nothing is encrypted to it. */
  age: string | null;
  surroundings: Surroundings;
  ports: DesiredPorts;
  /** Called when Compose has resolved the files of one more project. */
  onResolved: () => void;
}

export interface ImportProposal {
  /** By path: the environment, and its node. */
  documents: ReadonlyMap<string, string>;
  imported: ImportedProject[];
  /** What each imported instance asks for, by name. */
  asks: ReadonlyMap<string, readonly Ask[]>;
  /** What Compose makes of each imported instance, by name. */
  models: ReadonlyMap<string, ComposeModel>;
  /** Networks that instances join and that none of them makes. */
  networks: readonly JoinedNetwork[];
  /** What the node has to permit for them. */
  permits: NodeGrants;
  /** Its paths, with the folders that use them. */
  paths: readonly PathUse[];
  /** Why an instance is not imported, by name. */
  refused: ReadonlyMap<string, readonly Problem[]>;
  /** What no project is to blame for: with these, nothing is proposed. */
  problems: readonly Problem[];
}

/**
 * Proposes an environment for these projects, and tries it: on the ordinary path to the desired state, first with all grants, which
 * tells what is asked for, and then with the least of them. A project with a problem is left out, and the rest is tried again.
 */
export async function proposeImport(revision: Snapshot, input: ImportInput): Promise<ImportProposal> {
  const refused = new Map<string, readonly Problem[]>();
  const ports = resolvedOnce(input.ports, input.onResolved);
  for (;;) {
    const imported = input.projects.filter(({ instance }) => !refused.has(instance));
    const attempt = { revision, input: { ...input, ports }, imported };
    const open = await tryOut(attempt, { allow: { "*": "all" }, networks: [] });
    const { instances } = open;
    const networks = judgeNetworks(imported, { instances, surroundings: input.surroundings });
    const asks = new Map(instances.map(({ name, grants }) => [name, withoutMade(grants, networks)]));
    const byFolder = asksByFolder(imported, asks);
    const least = { allow: allowFor(byFolder), networks };
    const found = [...open.problems, ...wholeHost(imported, asks)];
    const problems = found.length > 0 ? found : (await tryOut(attempt, least)).problems;
    const permits = leastPermits([...asks.values()].flat());
    const proposal = {
      documents: documentsOf(attempt, least),
      imported,
      asks,
      models: new Map(instances.map(({ name, compose }) => [name, compose])),
      networks,
      permits,
      paths: findPathUses(byFolder, permits),
      refused,
    };
    if (problems.length === 0) return { ...proposal, problems };
    const blamed = blame(problems, imported);
    if (blamed.size === 0) return { ...proposal, problems };
    for (const [instance, own] of blamed) refused.set(instance, own);
  }
}

interface Attempt {
  revision: Snapshot;
  input: ImportInput;
  imported: readonly ImportedProject[];
}

type Allow = NonNullable<Policy["allow"]>;

/** What the environment says beside its instances. */
interface Said {
  allow: Allow;
  networks: readonly JoinedNetwork[];
}

async function tryOut(
  attempt: Attempt,
  said: Said,
): Promise<{ instances: readonly DesiredInstance[]; problems: readonly Problem[] }> {
  const { revision, input, imported } = attempt;
  if (imported.length === 0) return { instances: [], problems: [] };
  const snapshot = withDocuments(revision, documentsOf(attempt, said));
  const { desired, problems } = await readDesired(input.ports, {
    reference: input.reference,
    target: targetAt(snapshot),
  });
  return { instances: desired?.instances ?? [], problems };
}

function documentsOf({ input, imported }: Attempt, { allow, networks }: Said): Map<string, string> {
  const { environment, node } = input.reference;
  const taken = new Set(imported.map(({ folder }) => folder));
  const leftOut = [...input.projects.map(({ folder }) => folder), ...input.leftOut].filter(
    (folder) => !taken.has(folder),
  );
  const home = `environments/${environment}`;
  const text = writeImported({
    name: environment,
    projects: imported,
    leftOut,
    listed: input.listed,
    networks: networks.flatMap(({ name, fate }) => (fate === "environment" ? [name] : [])),
    allow,
  });
  return new Map([
    [`${home}/environment.yaml`, text],
    [
      `${home}/nodes/${node}.yaml`,
      input.age === null ? `name: ${node}\n` : `name: ${node}\nkeys: { age: ${input.age} }\n`,
    ],
  ]);
}

function asksByFolder(
  imported: readonly ImportedProject[],
  asks: ReadonlyMap<string, readonly Ask[]>,
): Map<string, Ask[]> {
  const byFolder = Map.groupBy(imported, ({ folder }) => folder);
  return new Map(
    [...byFolder].map(([folder, own]) => [folder, own.flatMap(({ instance }) => asks.get(instance) ?? [])]),
  );
}

function allowFor(asks: ReadonlyMap<string, readonly Ask[]>): Allow {
  const entries = [...asks].flatMap(([folder, own]) =>
    own.length === 0 ? [] : [[`./${folder}`, leastGrants(own)] as const],
  );
  return Object.fromEntries(entries);
}

/** K9094: that is for a person to say. */
function wholeHost(
  imported: readonly ImportedProject[],
  asks: ReadonlyMap<string, readonly Ask[]>,
): Problem[] {
  return imported.flatMap(({ folder, instance }) =>
    (asks.get(instance) ?? [])
      .filter(({ kind, value }) => kind === "paths" && value === "/")
      .slice(0, 1)
      .map(({ service }) => ({
        ...problemOf(folder, {
          code: "K9094",
          message: `service ${service} binds the whole file system of the host`,
          hint: `Bind the folders that it needs. If all of it is meant, add the instance by hand, with paths: [/] under policy.allow.`,
        }),
        instances: [instance],
      })),
  );
}

/**
 * The projects that problems concern, by instance, with these. Where a problem concerns several, the first stays for another trial: it
 * may be that only two together have it.
 */
function blame(problems: readonly Problem[], imported: readonly ImportedProject[]): Map<string, Problem[]> {
  const blamed = new Map<string, Problem[]>();
  for (const problem of problems) {
    const concerned = imported.filter(
      ({ folder, instance }) =>
        problem.instances?.includes(instance) ??
        (problem.file === folder || problem.file.startsWith(`${folder}/`)),
    );
    for (const { instance } of concerned.length > 1 ? concerned.slice(1) : concerned)
      blamed.set(instance, [...(blamed.get(instance) ?? []), problem]);
  }
  return blamed;
}
