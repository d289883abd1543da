import { parseArgs } from "node:util";

import { KeelsonError, compareText, namePattern } from "@keelson/model";
import { type EnvironmentNames, listFleetNames, readLocalStatus } from "@keelson/node";

import { type NamedKind } from "../completion-words.ts";
import { defaultConfigPath, defaultStateDir } from "../node-options.ts";
import { findAgentConfig } from "../node-place.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";

/**
 * Prints the names that a completion script asks for, from the clone and from this node. What cannot be read has no names:
 * the person at the prompt has not even called a command yet.
 */
export async function complete(
  kind: NamedKind,
  { words, output }: { words: readonly string[]; output: Output },
): Promise<ExitCode> {
  const { repository, environment, config } = readOptions(words);
  const agent = await orNothing(async () => findAgentConfig(config));
  const wanted = environment ?? (kind === "environments" ? undefined : agent?.environment);
  const fleet = (await orNothing(async () => listFleetNames(repository))) ?? [];
  const names = fleet
    .filter((each) => wanted === undefined || each.environment === wanted)
    .flatMap((each) => namesOf(kind, each));
  if (kind === "instances") {
    const status = await orNothing(async () => readLocalStatus(agent?.stateDir ?? defaultStateDir));
    names.push(...(status?.instances.map(({ name }) => name) ?? []));
  }
  // A shell puts them on its line as they are. Anybody may have named a folder or a file of the clone.
  const proper = names.filter((name) => namePattern.test(name));
  for (const name of [...new Set(proper)].sort(compareText)) output.print(name);
  return exitCodes.done;
}

function namesOf(kind: NamedKind, { environment, nodes, instances }: EnvironmentNames): readonly string[] {
  return { environments: [environment], nodes, instances }[kind];
}

/** The options of the line so far that say which names are meant. */
function readOptions(words: readonly string[]): { repository: string; environment?: string; config: string } {
  const option = (short?: string) => ({ type: "string", ...(short === undefined ? {} : { short }) }) as const;
  const { values } = parseArgs({
    args: [...words],
    // The line is not complete, and most of its options are others.
    strict: false,
    options: { repository: option("C"), environment: option("e"), config: option() },
  });
  const { repository, environment, config } = values;
  return {
    repository: typeof repository === "string" ? repository : ".",
    config: typeof config === "string" ? config : defaultConfigPath,
    ...(typeof environment === "string" ? { environment } : {}),
  };
}

async function orNothing<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof KeelsonError) return null;
    throw error;
  }
}
