import { appendFile, cp, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseArgs, styleText } from "node:util";

import {
  checkout,
  keelsonCommand,
  makeGitRepository,
  makeTempFolder,
  removeImages,
  removeProjects,
  sharedEngine,
  startEngine,
  startGitServer,
  waitFor,
} from "@keelson/test/support";
import { loadSampleImages, releaseFolder, requireFreeNames } from "./demo-engine.ts";
import { type DemoNode, makeNode } from "./demo-node.ts";
import { makeScreen } from "./demo-screen.ts";

// The story that script/demo tells; run it by that name, it sets up what is needed.

const { values: options } = parseArgs({
  options: { keep: { type: "boolean", default: false }, nodes: { type: "string", default: "1" } },
});
if (!["1", "2"].includes(options.nodes)) {
  console.error("usage: script/demo [--keep] [--nodes 1|2]");
  process.exit(2);
}
const platform =
  options.nodes === "2"
    ? { environment: "clinic-eu", nodes: ["hosp-a", "hosp-b"] }
    : { environment: "lab", nodes: ["lab-1"] };
const { environment } = platform;

// What stops the demo is told in a line; what it made is removed in any case.
process.on("uncaughtException", (error) => {
  console.error(`demo: ${error.message}`);
  process.exitCode = 1;
});
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));

await using stack = new AsyncDisposableStack();
const folder = stack.use(await makeTempFolder("keelson-demo-"));
const screen = makeScreen({ hidden: folder.path, signal: stop.signal });
const server = stack.use(await startGitServer());
await server.createRepository("platform");
const repository = stack.use(await makeGitRepository({ remote: server.url("platform") }));
const nodes = await Promise.all(platform.nodes.map(async (name) => startNode(name)));

try {
  await tell();
  if (options.keep) await keep();
} finally {
  await stack.disposeAsync();
}
screen.dim("\nEverything the demo made is removed.");

/** One node uses the machine's engine; of two, each has an engine of its own, as on two machines. */
async function startNode(name: string): Promise<DemoNode> {
  const own = options.nodes === "1" ? null : stack.use(await startEngine());
  const docker = own?.docker ?? (await sharedEngine());
  const dockerHost = own?.dockerHost ?? process.env["DOCKER_HOST"];
  await requireFreeNames(docker, `${environment}-`);
  const images = await loadSampleImages(docker);
  screen.dim(`sample images loaded: ${images.length}`);
  stack.defer(async () => removeImages(docker, images));
  stack.defer(async () => removeProjects(docker, `${environment}-`));
  const url = server.url("platform");
  const { signal } = stop;
  return stack.use(
    await makeNode({ environment, name, url, docker, dockerHost, folder: folder.path, signal }),
  );
}

async function tell(): Promise<void> {
  screen.chapter("A state repository on a Git server");
  const first = await publishSample();
  await keelson("check");

  screen.chapter(nodes.length === 1 ? "An agent on the node" : "An agent on every node");
  for (const node of nodes) node.startAgent((line) => showLog(node, line));
  await Promise.all(nodes.map(async (node) => node.reached(first)));
  await showPages();
  const before = await Promise.all(nodes.map(async (node) => node.listContainers()));

  screen.chapter("A pull request upgrades the platform to 1.1.0; the plan is what its reviewer reads");
  await repository.createBranch("upgrade");
  await rewrite("lock.yaml", (text) => text.replaceAll("1.0.0", "1.1.0"));
  await repository.commit({ message: "Upgrade the platform to 1.1.0" });
  for (const { name } of nodes)
    await keelson("plan", "-e", environment, "-n", name, "--from", "main", "--revision", "upgrade");

  screen.chapter("It is merged; the agent follows by itself");
  await repository.switchTo("main");
  const merged = await repository.merge("upgrade");
  await repository.push();
  await Promise.all(nodes.map(async (node) => node.reached(merged)));
  await showPages();
  for (const [index, node] of nodes.entries())
    showReplaced(before[index] ?? new Map(), await node.listContainers());

  screen.chapter("Somebody stops a container by hand");
  for (const node of nodes) await stopByHand(node, `${environment}-core-nginx-1`);

  screen.chapter("Somebody edits a file by hand; `keelson sync` asks for a round at once");
  for (const node of nodes) await editByHand(node, "webhooks.json");

  screen.chapter("The status of every node is in Git");
  await keelson("status");
  await showNotes();
}

async function keelson(...args: string[]): Promise<void> {
  await screen.run(keelsonCommand(args), { cwd: repository.path });
}

function showLog({ name }: DemoNode, line: string): void {
  screen.dim(`  ${name} │ ${line}`);
}

/** The notes of the commit that all nodes are at: each begins with a line for people. */
async function showNotes(): Promise<void> {
  const args = ["log", "-1", "--notes=keelson/*", "--format=%h %s%n%N"];
  screen.say(styleText("cyan", "\n$ git log -1 --notes='keelson/*' --format='%h %s%n%N'"));
  for (const line of (await repository.git(...args)).split("\n").filter((each) => each !== ""))
    screen.say(line.length <= 160 ? line : `${line.slice(0, 160)}…`);
}

async function publishSample(): Promise<string> {
  for (const path of [".gitattributes", releaseFolder, `environments/${environment}`]) {
    const target = join(repository.path, path);
    await mkdir(dirname(target), { recursive: true });
    await cp(join(checkout, path), target, { recursive: true });
  }
  for (const { name, port } of nodes) await setPort(name, port);
  const commit = await repository.commit({ message: "Run the sample platform 1.0.0" });
  await repository.push();
  return commit;
}

/** All nodes are on this one machine, so that each publishes another port. */
async function setPort(name: string, port: number): Promise<void> {
  await rewrite(`nodes/${name}.yaml`, (text) =>
    text.includes("  sample-platform:\n")
      ? text.replace("  sample-platform:\n", `  sample-platform:\n    port: ${port}\n`)
      : `${text}settings: { sample-platform: { port: ${port} } }\n`,
  );
}

async function rewrite(name: string, change: (text: string) => string): Promise<void> {
  const path = join(repository.path, "environments", environment, name);
  await writeFile(path, change(await readFile(path, "utf8")));
}

/** What a visitor sees: the title, who answers behind the front, a setting of webhooks, and a route that 1.1.0 adds. */
async function showPages(): Promise<void> {
  const pages: [string, RegExp][] = [
    ["/", /<p>(.*)<\/p>/],
    ["/core/", /.*/],
    ["/webhooks/config/", /"maxRetries": \d+/],
    ["/batch/", /.*/],
  ];
  for (const { port } of nodes) {
    screen.say(styleText("cyan", `\n$ curl http://127.0.0.1:${port}/…`));
    for (const [path, pattern] of pages) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        signal: AbortSignal.timeout(10_000),
      });
      const text = response.ok ? await response.text() : "";
      const match = pattern.exec(text);
      const shown = response.ok ? (match?.[1] ?? match?.[0] ?? "") : "not there yet";
      screen.say(`  ${path.padEnd(18)} ${response.status}  ${shown}`);
    }
  }
}

function showReplaced(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): void {
  screen.say("\nContainers, by their ids before and after:");
  for (const [name, id] of after) {
    const old = before.get(name);
    const isSame = old === id;
    const note = isSame ? styleText("dim", "the same container") : styleText("yellow", "recreated");
    screen.say(`  ${name.padEnd(32)} ${old?.slice(0, 12)} ${isSame ? "=" : "→"} ${id.slice(0, 12)}  ${note}`);
  }
}

async function stopByHand({ docker, name }: DemoNode, container: string): Promise<void> {
  screen.say(styleText("cyan", `\n${name}$ docker stop ${container}`));
  await docker.getContainer(container).stop({ t: 2 });
  const startedAt = performance.now();
  await waitFor(async () => (await docker.getContainer(container).inspect()).State.Running, {
    what: `${container} to run again`,
    timeoutMs: 30_000,
  });
  screen.say(`  it runs again after ${Math.round(performance.now() - startedAt)} ms`);
}

async function editByHand({ stateDir, name, config }: DemoNode, file: string): Promise<void> {
  const placed = join(stateDir, "instances/core/live");
  const found = (await readdir(placed, { recursive: true })).find((path) => path.endsWith(file));
  if (found === undefined) throw new Error(`${file} is not below ${placed}`);
  const path = join(placed, found);
  const original = await readFile(path, "utf8");
  screen.say(styleText("cyan", `\n${name}$ echo oops >> ${found}`));
  await appendFile(path, "oops\n");
  await keelson("sync", "--config", config);
  if ((await readFile(path, "utf8")) !== original) throw new Error(`${path} was not repaired`);
}

/** Leaves everything running until the demo is interrupted. */
async function keep(): Promise<void> {
  const [first] = nodes;
  screen.say(`
Everything keeps running until you press Ctrl-C.
  the pages            ${nodes.map(({ port }) => `http://127.0.0.1:${port}/`).join("  ")}
  the state repository git clone ${server.url("platform")}
  a node's status      script/keelson status --local --config ${first?.config}
  a node's health      script/keelson doctor --config ${first?.config}
Try: stop a container; or change a setting in a clone and push it, then run keelson status in that clone.`);
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {}, 60_000);
    stop.signal.addEventListener("abort", () => {
      clearInterval(timer);
      resolve();
    });
  });
}
