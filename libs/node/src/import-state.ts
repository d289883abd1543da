import { connectEngine, listComposeProjects, listForeignNetworks } from "@keelson/engine";
import { makeWorkTree, readWorkTree, writeWorkTreeFile } from "@keelson/git";
import {
  type FoundProject,
  type PlainSecret,
  type ProjectPart,
  findParts,
  findPlainSecrets,
  findProjectReach,
  findProjects,
  followLinks,
  projectFiles,
  readWrittenProject,
  writeBlock,
} from "@keelson/manifest";
import { KeelsonError, quote, stalled } from "@keelson/model";
import { type ImportProposal, proposeImport, readOnward } from "@keelson/reconcile";

import { type AgentPart, agentPart } from "./agent-part.ts";
import { engineAddress } from "./engine-address.ts";
import { type ImportRow, importRows } from "./import-row.ts";
import { type SealRequest, type SealedImport, proposeSealed, textsOf } from "./import-sealed.ts";
import { requireName } from "./init-state.ts";
import { importedOf, judgeProjects } from "./judged-project.ts";
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
  /** Whether secrets in plain files of variables are encrypted, and to whom. */
  seal: SealRequest | null;
  /** Called while folders are tried out. */
  onProgress: (share: { done: number; total: number }) => void;
}

export interface StateImport extends Pick<ImportProposal, "documents" | "networks" | "paths" | "problems"> {
  /** Each project that was found, in the order of the folders. */
  rows: readonly ImportRow[];
  /** Folders that are included by projects, and so are none of their own. */
  parts: readonly ProjectPart[];
  /** Names of projects that run, and of which nothing is told since only some folders were asked for. */
  unasked: readonly string[];
  /** What looks like a secret and stands in plain text, of imported projects and of others. */
  secrets: readonly PlainSecret[];
  /** Files of variables whose secrets are encrypted, or cannot be; none unless that is asked for. */
  sealed: readonly SealedImport[];
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
  const read = await readOnward(revision, { start: asked, next: (files) => findProjectReach(files, asked) });
  const files = followLinks(read, "repository");
  const all = findProjects(files, asked);
  requireFound(all, request.folders);
  const { projects, networks } = await askEngine(request.engine);
  const known = await findRunning(projects, { repository, projects: all, files });
  // What runs by itself is a project, whoever else includes its file.
  const runsAlone = new Set(known.filter(({ isManaged }) => !isManaged).map(({ folder }) => folder));
  const parts = findParts(all, files).filter(({ folder }) => !runsAlone.has(folder));
  const found = all.filter(({ folder }) => parts.every((part) => part.folder !== folder));
  const isAsked = ({ folder, namesake }: RunningProject) =>
    request.folders.length === 0 || folder !== null || namesake !== null;
  const running = known.filter(isAsked);
  const judged = judgeProjects(found, running);
  const written = new Map(found.map((each) => [each.folder, readWrittenProject(each, files)]));
  const total = judged.filter(({ problem }) => problem === null).length;
  let done = 0;
  const input = {
    reference: { environment, node },
    projects: judged.flatMap(importedOf),
    leftOut: [
      ...judged.flatMap(({ found: { folder }, problem }) => (problem === null ? [] : [folder])),
      ...parts.map(({ folder }) => folder),
    ],
    listed,
    age: request.seal?.key ?? null,
    surroundings: {
      there: new Set(networks),
      makes: new Map(
        [...written].map(([folder, own]) => [folder, own.networks.flatMap(({ makes }) => makes ?? [])]),
      ),
    },
    ports: wireDesired({ composeBinary, emit: () => {} }),
    onResolved: () => request.onProgress({ done: Math.min((done += 1), total), total }),
  };
  const secrets = found.flatMap((each) => findPlainSecrets(each, files));
  const { proposal, sealed } = await proposeSealed(revision, {
    files,
    links: new Set([...read.values()].filter(({ mode }) => mode === "120000").map(({ path }) => path)),
    secrets,
    seal: request.seal,
    propose: async (of) => proposeImport(of, input),
  });
  const { documents, problems } = proposal;
  const agent = agentPart(proposal, running);
  const rows = importRows(judged, { proposal, written });
  return {
    documents,
    networks: proposal.networks,
    problems,
    rows,
    parts,
    unasked: known.filter((each) => !isAsked(each)).map(({ name }) => name),
    paths: proposal.paths,
    secrets: secrets.filter(({ file }) => !textsOf(sealed).has(file)),
    sealed,
    running,
    agent,
    agentText: writeBlock(agent).join("\n"),
    there: listed.filter((path) => documents.has(path)),
  };
}

async function askEngine(engine: ImportRequest["engine"]) {
  if (engine === null) return { projects: [], networks: [] };
  const connected = connectEngine(engineAddress(engine));
  return { projects: await listComposeProjects(connected), networks: await listForeignNetworks(connected) };
}

/**
 * Writes what was proposed, and gives files of variables the texts in which their secrets are encrypted. Nothing else that is there is
 * changed: throws K9093 where a file has its name.
 */
export async function writeState(
  repository: string,
  { documents, sealed }: Pick<StateImport, "documents" | "sealed">,
): Promise<{ madeRepository: boolean; written: string[] }> {
  const there = await (await readWorkTree(repository)).listPaths([...documents.keys()]);
  const [first] = there;
  if (first !== undefined) throw isThere(first);
  const { madeRepository, written, left } = await makeWorkTree(repository, documents);
  const [other] = left;
  if (other !== undefined) throw isThere(other);
  for (const [path, text] of textsOf(sealed)) await writeWorkTreeFile(repository, { path, text });
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
