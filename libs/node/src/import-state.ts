import { connectEngine, listComposeProjects } from "@keelson/engine";
import { makeWorkTree, readWorkTree } from "@keelson/git";
import { type FoundProject, findProjects, projectFiles, writeBlock } from "@keelson/manifest";
import { KeelsonError, type SourceFiles, quote, stalled } from "@keelson/model";
import { type ImportProposal, proposeImport } from "@keelson/reconcile";

import { type AgentPart, agentPart } from "./agent-part.ts";
import { engineAddress } from "./engine-address.ts";
import { requireName } from "./init-state.ts";
import { judgeProject } from "./judged-project.ts";
import { type RunningProject, findRunning } from "./running-project.ts";
import { wireDesired } from "./wire-desired.ts";

export interface ImportRequest {
  environment: string;
  node: string;
  /** Paths in the repository; all folders with a Compose file when there are none. */
  folders: readonly string[];
  /** Whether projects that run are looked for, and on which engine. */
  engine: { dockerHost: string | undefined } | null;
  composeBinary: string;
}

export interface StateImport extends ImportProposal {
  found: readonly FoundProject[];
  running: readonly RunningProject[];
  /** For agent.yaml, as data and as text; empty where the node need permit nothing. */
  agent: AgentPart;
  agentText: string;
  /** Paths of documents that are there already. */
  there: readonly string[];
}

/**
 * Proposes an environment for the Compose folders of a work tree, which may be no state repository yet. Changes nothing. Throws
 * K1007 for what is no name, K9095 for a folder without a Compose file, and what Git, Compose and the engine throw.
 */
export async function proposeState(repository: string, request: ImportRequest): Promise<StateImport> {
  const { environment, node, composeBinary } = request;
  requireName("an environment", environment);
  requireName("a node", node);
  const revision = await readWorkTree(repository);
  const listed = await revision.listPaths([""]);
  const asked = projectFiles(listed, request.folders);
  const files: SourceFiles = asked.length === 0 ? new Map() : await revision.readFiles(asked);
  const found = findProjects(files);
  requireFound(found, request.folders);
  const containers =
    request.engine === null ? [] : await listComposeProjects(connectEngine(engineAddress(request.engine)));
  const running = await findRunning(containers, { repository, projects: found, files });
  const judged = found.map((each) => judgeProject(each, running));
  const unfit = new Map(
    judged.flatMap((each) => (each.problem === null ? [] : [[each.folder, [each.problem]]])),
  );
  const proposal = await proposeImport(revision, {
    reference: { environment, node },
    projects: judged.flatMap(({ imported }) => (imported === null ? [] : [imported])),
    leftOut: [...unfit.keys()],
    listed,
    ports: wireDesired({ composeBinary, emit: () => {} }),
  });
  const refused = new Map([...unfit, ...proposal.refused]);
  const agent = agentPart(proposal, running);
  const agentText = writeBlock(agent).join("\n");
  const there = listed.filter((path) => proposal.documents.has(path));
  return { ...proposal, found, refused, running, agent, agentText, there };
}

/** Writes what was proposed. Nothing that is there is changed: throws K9093 where a file has its name. */
export async function writeState(
  repository: string,
  documents: ReadonlyMap<string, string>,
): Promise<{ madeRepository: boolean; written: string[] }> {
  const there = await (await readWorkTree(repository)).listPaths([...documents.keys()]);
  const [first] = there;
  if (first !== undefined) throw isThere(first);
  const { madeRepository, written, left } = await makeWorkTree(repository, documents);
  const [other] = left;
  if (other !== undefined) throw isThere(other);
  return { madeRepository, written };
}

function requireFound(found: readonly FoundProject[], folders: readonly string[]): void {
  const missing = folders.find((folder) => found.every((each) => each.folder !== folder));
  if (missing === undefined && found.length > 0) return;
  throw new KeelsonError({
    code: "K9095",
    message:
      missing === undefined
        ? "no folder of the repository has a Compose file"
        : `${quote(missing)} has no Compose file that Compose finds by itself`,
    hint: "Name the repository with -C DIR; a folder needs a compose.yaml, or COMPOSE_FILE in its .env.",
    outcome: stalled,
  });
}

function isThere(path: string): KeelsonError {
  return new KeelsonError({
    code: "K9093",
    message: `${path} is there already, and an import changes nothing that is there`,
    hint: "Name another environment or node, or leave --write out and copy what you want of the proposal.",
    outcome: stalled,
  });
}
