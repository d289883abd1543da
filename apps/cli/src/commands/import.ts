import { hostname } from "node:os";
import { relative, resolve } from "node:path";

import { nameLike } from "@keelson/model";
import { type StateImport, findComposeBinary, proposeState, writeState } from "@keelson/node";

import { nodeRecipient, personalRecipients } from "../age-recipient.ts";
import { standardConfigPath } from "../node-options.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { printImport } from "../print/import.ts";
import { printProblems } from "../print/problems.ts";
import { showShare } from "../print/share.ts";

interface ImportOptions {
  repository: string;
  environment: string;
  node?: string;
  write?: true;
  engine?: true;
  dockerHost?: string;
  seal?: string | true;
  config?: string;
}

/** Proposes an environment for Compose folders as they are; with `--write`, its files are written where there are none. */
export async function importFolders(
  options: ImportOptions,
  { folders, output }: { folders: readonly string[]; output: Output },
): Promise<ExitCode> {
  const { repository, environment, node = nameLike(hostname()) ?? "node-1" } = options;
  const seal = await sealRequest(options);
  const { onProgress, end } = showShare(output, "Trying the folders out, each with Compose");
  const proposal = await proposeState(repository, {
    environment,
    node,
    folders: folders.map((folder) => relative(repository, resolve(folder))),
    engine: options.engine === true ? { dockerHost: options.dockerHost ?? process.env["DOCKER_HOST"] } : null,
    composeBinary: await findComposeBinary(process.env),
    seal,
    onProgress,
  }).finally(end);
  if (proposal.problems.length > 0) {
    printProblems(output, proposal.problems);
    return exitCodes.failed;
  }
  const isAny = proposal.rows.some(({ imported }) => imported);
  const made = options.write === true && isAny ? await writeState(repository, proposal) : null;
  if (output.json) output.printJson(asJson(proposal, { environment, node, written: made?.written ?? [] }));
  else {
    const config =
      options.config === standardConfigPath ? "~/agent.yaml" : (options.config ?? "~/agent.yaml");
    const source = resolve(repository);
    printImport(output, { ...proposal, environment, node, config, source, made, isSealed: seal !== null });
  }
  return isAny ? exitCodes.done : exitCodes.failed;
}

async function sealRequest(options: ImportOptions) {
  const { seal, config } = options;
  if (seal === undefined) return null;
  const keys = config === undefined ? {} : { config };
  return {
    key: seal === true ? await nodeRecipient(keys) : seal,
    others: await personalRecipients(keys),
    at: new Date(),
  };
}

function asJson(
  { rows, parts, secrets, sealed, networks, paths, running, unasked, documents, agent, there }: StateImport,
  rest: { environment: string; node: string; written: readonly string[] },
) {
  const projects = rows.map(({ tally, ...row }) => ({ ...row, ...tally }));
  return {
    ...rest,
    projects,
    parts,
    secrets,
    sealed: sealed.map(({ file, names, because }) => ({ file, names, because })),
    networks,
    paths,
    running,
    unasked,
    agent,
    documents: Object.fromEntries(documents),
    there,
  };
}
