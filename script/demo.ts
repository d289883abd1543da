import { spawn } from "node:child_process";
import { cp, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, styleText } from "node:util";

import {
  agentCommand,
  buildImageArchive,
  findFreePort,
  findLeftovers,
  keelsonCommand,
  loadImages,
  makeGitRepository,
  makeTempFolder,
  plainEnvironment,
  removeImages,
  removeProjects,
  sharedEngine,
  startGitServer,
} from "@keelson/test/support";
import type Docker from "dockerode";
import { stringify } from "yaml";

// The story that script/demo tells; run it by that name, it sets up what is needed.

const checkout = fileURLToPath(new URL("..", import.meta.url));
const environment = "lab";
const node = "lab-1";
/** Prefix of the sample's Compose projects. */
const projectPrefix = `${environment}-`;
const releaseFolder = "releases/sample-platform";

const { values: options } = parseArgs({ options: { keep: { type: "boolean", default: false } } });
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));

const docker = await sharedEngine();
await requireFreeNames(docker);
await using folder = await makeTempFolder("keelson-demo-");
await using server = await startGitServer();
await server.createRepository("platform");
await using repository = await makeGitRepository({ remote: server.url("platform") });
await using samples = await loadSampleImages(docker);
const port = await findFreePort();
console.log(styleText("dim", `sample images loaded: ${samples.tags.length}`));
const config = join(folder.path, "agent.yaml");

try {
  await tell();
  if (options.keep) await keep();
} finally {
  await removeProjects(docker, projectPrefix);
}
console.log(styleText("dim", "\nEverything the demo made is removed."));

async function tell(): Promise<void> {
  chapter("A state repository on a Git server");
  await publishSample();
  await writeAgentConfig();
  await runInRepository(keelsonCommand(["check"]));

  chapter("The agent brings the node to the first commit");
  await run(agentCommand(["reconcile", "--config", config]));
  await showPages();
  const before = await listContainers();

  chapter("A pull request upgrades the platform to 1.1.0; the plan is what its reviewer reads");
  await repository.createBranch("upgrade");
  await rewrite("lock.yaml", (text) => text.replaceAll("1.0.0", "1.1.0"));
  await repository.commit({ message: "Upgrade the platform to 1.1.0" });
  await runInRepository(
    keelsonCommand(["plan", "-e", environment, "-n", node, "--from", "main", "--revision", "upgrade"]),
  );

  chapter("It is merged; the agent follows");
  await repository.switchTo("main");
  await repository.merge("upgrade");
  await repository.push();
  await run(agentCommand(["reconcile", "--config", config]));
  await showPages();
  showReplaced(before, await listContainers());

  chapter("Another round finds nothing to do");
  await run(agentCommand(["reconcile", "--config", config]));
  await run(keelsonCommand(["status", "--local", "--config", config]));
}

async function publishSample(): Promise<void> {
  for (const path of [".gitattributes", releaseFolder, `environments/${environment}`]) {
    const target = join(repository.path, path);
    await mkdir(dirname(target), { recursive: true });
    await cp(join(checkout, path), target, { recursive: true });
  }
  await rewrite(`nodes/${node}.yaml`, (text) => `${text}settings: { sample-platform: { port: ${port} } }\n`);
  await repository.commit({ message: "Run the sample platform 1.0.0" });
  await repository.push();
}

async function rewrite(name: string, change: (text: string) => string): Promise<void> {
  const path = join(repository.path, "environments", environment, name);
  await writeFile(path, change(await readFile(path, "utf8")));
}

async function writeAgentConfig(): Promise<void> {
  const secretsFile = join(folder.path, "secrets.yaml");
  await writeFile(secretsFile, stringify({ "sample-platform": { adminKey: "only-for-the-demo" } }), {
    mode: 0o600,
  });
  await writeFile(
    config,
    stringify({
      environment,
      node,
      source: { url: server.url("platform"), branch: "main" },
      stateDir: join(folder.path, "state"),
      keyFile: join(folder.path, "node.key"),
      secretsFile,
    }),
  );
}

/** What a visitor sees: the title, who answers behind the front, a setting of webhooks, and a route that 1.1.0 adds. */
async function showPages(): Promise<void> {
  console.log(styleText("cyan", `\n$ curl http://127.0.0.1:${port}/…`));
  const pages: [string, RegExp][] = [
    ["/", /<p>(.*)<\/p>/],
    ["/core/", /.*/],
    ["/webhooks/config/", /"maxRetries": \d+/],
    ["/batch/", /.*/],
  ];
  for (const [path, pattern] of pages) {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(10_000) });
    const text = response.ok ? await response.text() : "";
    const match = pattern.exec(text);
    console.log(
      `  ${path.padEnd(18)} ${response.status}  ${response.ok ? (match?.[1] ?? match?.[0] ?? "") : "not there yet"}`,
    );
  }
}

async function listContainers(): Promise<Map<string, string>> {
  const containers = await docker.listContainers({ all: true });
  return new Map(
    containers
      .map(({ Id, Names }): [string, string] => [(Names[0] ?? "").slice(1), Id])
      .filter(([name]) => name.startsWith(projectPrefix))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function showReplaced(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): void {
  console.log("\nContainers, by their ids before and after:");
  for (const [name, id] of after) {
    const old = before.get(name);
    const isSame = old === id;
    const note = isSame ? styleText("dim", "the same container") : styleText("yellow", "recreated");
    console.log(
      `  ${name.padEnd(26)} ${old?.slice(0, 12)} ${isSame ? "=" : "→"} ${id.slice(0, 12)}  ${note}`,
    );
  }
}

/** Leaves everything running until the demo is interrupted. */
async function keep(): Promise<void> {
  const agent = `script/keelson status --local --config ${config}`;
  console.log(`
The platform keeps running until you press Ctrl-C.
  the page             http://127.0.0.1:${port}/
  the state repository git clone ${server.url("platform")}
  a round by hand      node apps/agent/src/main.ts reconcile --config ${config}
  the status           ${agent}
Try: docker stop ${projectPrefix}core-nginx-1, then a round by hand; or change a setting in a clone, push, and run a round.`);
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {}, 60_000);
    stop.signal.addEventListener("abort", () => {
      clearInterval(timer);
      resolve();
    });
  });
}

/** The sample's project names must be free: what is not the demo's is never touched. */
async function requireFreeNames(engine: Docker): Promise<void> {
  const { containers, networks, volumes } = await findLeftovers(engine, projectPrefix);
  const found = [...containers, ...networks, ...volumes];
  if (found.length === 0) return;
  console.error(
    `The engine already has things whose names begin with ${projectPrefix}: ${found.join(", ")}.`,
  );
  console.error("Remove them if they are left from an earlier demo, then run this again.");
  process.exit(1);
}

/** Loads the images that the sample names; those that were not there before go with the demo. */
async function loadSampleImages(engine: Docker): Promise<AsyncDisposable & { tags: string[] }> {
  const tags = await findSampleTags();
  const present = new Set((await engine.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []));
  const missing = tags.filter((tag) => !present.has(tag));
  await loadImages(engine, await Promise.all(missing.map(async (tag) => buildImageArchive({ tag }))));
  return { tags: missing, [Symbol.asyncDispose]: async () => removeImages(engine, missing) };
}

async function findSampleTags(): Promise<string[]> {
  const root = join(checkout, releaseFolder);
  const names = (await readdir(root, { recursive: true })).filter((name) => name.endsWith("compose.yaml"));
  const texts = await Promise.all(names.map(async (name) => readFile(join(root, name), "utf8")));
  const tags = texts.flatMap((text) =>
    [...text.matchAll(/image: (keelson-sample\/\S+)/g)].map((match) => match[1] ?? ""),
  );
  return [...new Set(tags)];
}

function chapter(title: string): void {
  console.log(`\n${styleText("bold", `── ${title}`)}`);
}

async function runInRepository(command: readonly string[]): Promise<void> {
  await run(command, repository.path);
}

/** Runs a command of the product as a user would, its output shown as it comes. */
async function run(command: readonly string[], cwd = checkout): Promise<void> {
  stop.signal.throwIfAborted();
  const [program = "", ...args] = command;
  const name = args[0]?.includes("apps/agent") === true ? "keelson-agent" : "keelson";
  const shown = args.slice(1).map((arg) => (arg.startsWith(folder.path) ? relative(folder.path, arg) : arg));
  console.log(styleText("cyan", `\n$ ${name} ${shown.join(" ")}`));
  const child = spawn(program, args, {
    cwd,
    env: plainEnvironment({ FORCE_COLOR: process.stdout.isTTY ? "1" : undefined }),
    stdio: "inherit",
  });
  const exitCode = await new Promise<number | null>((resolve) => child.once("close", resolve));
  if (exitCode !== 0) throw new Error(`${name} ${args[1]} ended with ${exitCode}`);
}
