import { chmod, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { checkRevision } from "../../libs/reconcile/src/index.ts";
import { findComposeBinary, wireDesired } from "../../libs/node/src/index.ts";
import { readOuterAttributes, readWorkTree } from "../../libs/git/src/index.ts";
import {
  agentCommand,
  checkout,
  keelsonCommand,
  makeGitRepository,
  makeTempFolder,
  plainEnvironment,
  runProgram,
} from "../support/index.ts";
import { gitEnvironment } from "../support/git-repository.ts";
import { type Block, blocksOf, isAnswer, stepsOf } from "./markdown.ts";

export interface Page {
  /** Below the checkout. */
  path: string;
  text: string;
  blocks: readonly Block[];
}

/** A page of the checkout, such as `docs/spec/release.md`. */
export async function readPage(path: string): Promise<Page> {
  const text = await readFile(join(checkout, path), "utf8");
  return { path, text, blocks: blocksOf(text) };
}

/** All pages of a folder of the checkout, sorted. */
export async function readPages(folder: string): Promise<Page[]> {
  const names = (await readdir(join(checkout, folder))).filter((name) => name.endsWith(".md"));
  return await Promise.all(names.sort().map(async (name) => readPage(`${folder}/${name}`)));
}

/** A block that is a whole file of the example repository. */
export function isFile(block: Block): boolean {
  return block.attributes["file"] !== undefined && block.attributes["wrong"] === undefined;
}

export interface ConsoleOptions {
  cwd: string;
  env: NodeJS.ProcessEnv;
  timeoutMs: number;
  /** What runs a step; bash unless told. */
  shell?: readonly [string, ...string[]];
}

/** A state repository with the files that pages show, and a shell in it. */
export interface Example extends AsyncDisposable {
  path: string;
  /** Codes of all problems that the repository has with this block's file in place of its own. */
  findCodes: (block: Block) => Promise<string[]>;
  /** Runs a console block: the first answer that is not the one that is shown, or null. */
  run: (block: Block) => Promise<string | null>;
}

/** Makes the repository of all files that the pages show, in one commit. No engine can be reached from it. */
export async function makeExample(pages: readonly Page[]): Promise<Example> {
  await using stack = new AsyncDisposableStack();
  const repository = stack.use(await makeGitRepository());
  const home = stack.use(await makeTempFolder("keelson-home-"));
  const files = pages.flatMap(({ blocks }) => blocks.filter(isFile)).map(fileOf);
  await repository.commit({ files: Object.fromEntries(files), message: "The example" });
  const composeBinary = await findComposeBinary(process.env);
  const env = await shellEnvironment(home.path, { DOCKER_HOST: `unix://${home.path}/no-engine.sock` });
  const cleanUp = stack.move();
  return {
    path: repository.path,
    findCodes: async (block) => {
      const [name, text] = fileOf(block);
      const before = await readFile(join(repository.path, name), "utf8").catch(() => null);
      await repository.write({ [name]: text });
      try {
        const revision = await readWorkTree(repository.path);
        const ports = wireDesired({ composeBinary, emit: () => {} });
        const attributes = await readOuterAttributes(repository.path);
        const { problems } = await checkRevision(revision, { ...ports, attributes });
        return problems.map(({ code }) => code);
      } finally {
        await repository.write({ [name]: before });
      }
    },
    run: async (block) => runConsole(block, { cwd: repository.path, env, timeoutMs: 60_000 }),
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  };
}

function fileOf(block: Block): [string, string] {
  return [block.attributes["file"] ?? "", block.text];
}

/** What a newcomer's shell has: the commands of the product, Git with a name, and a home of its own. */
export async function shellEnvironment(
  home: string,
  extra: Readonly<Record<string, string>>,
): Promise<NodeJS.ProcessEnv> {
  const bin = join(home, "bin");
  const commands = { keelson: keelsonCommand([]), "keelson-agent": agentCommand([]) };
  const scripts = Object.entries(commands).map(([name, words]) => {
    const text = `#!/bin/sh\nexec ${words.map((word) => `'${word}'`).join(" ")} "$@"\n`;
    return { path: join(bin, name), text };
  });
  await writeScripts(scripts);
  const path = [bin, dirname(process.execPath), process.env["PATH"]].join(":");
  return { ...gitEnvironment(), ...plainEnvironment({ ...extra, HOME: home, PATH: path }) };
}

async function writeScripts(scripts: readonly { path: string; text: string }[]): Promise<void> {
  for (const { path, text } of scripts) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    await chmod(path, 0o755);
  }
}

/**
 * Runs the steps of a console block, each in a shell of its own that knows the last exit code, and the folder and the
 * exported variables that the last shell of this home ended with. A command must succeed unless its answer shows an
 * error or the next command asks for its exit code. Returns what is not as shown, or null.
 */
export async function runConsole(block: Block, options: ConsoleOptions): Promise<string | null> {
  const { shell = ["bash"] } = options;
  const steps = stepsOf(block);
  let lastCode = 0;
  for (const [index, { command, output }] of steps.entries()) {
    const script = `exec 2>&1\n${goOn}\n(exit ${lastCode})\n${command}\n`;
    const { exitCode, stdout } = await runProgram([...shell, "-c", script], options);
    lastCode = exitCode ?? 128;
    const mayFail = output.includes("error[") || steps[index + 1]?.command === "echo $?";
    if (isAnswer(stdout, output) && (lastCode === 0 || mayFail)) continue;
    return `line ${block.line}: $ ${command}\n--- shown\n${output}--- answered, exit code ${lastCode}\n${stdout}`;
  }
  return null;
}

const goOn = [
  `[[ ! -e "$HOME/.last-shell" ]] || source "$HOME/.last-shell"`,
  `trap '{ export -p; printf "cd %q\\n" "$PWD"; } >"$HOME/.last-shell"' EXIT`,
].join("\n");

/** Writes a block that a page tells its reader to put into a file, below this folder. */
export async function writeShown(block: Block, folder: string): Promise<void> {
  const path = join(folder, block.attributes["write"] ?? "");
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, block.text);
}
