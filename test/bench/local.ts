import { join } from "node:path";

import { stringify } from "yaml";

import { startPlatform } from "../scenarios/platform.ts";
import {
  loadImages,
  buildImageArchive,
  makeTempFolder,
  outputOf,
  plainEnvironment,
  runProgram,
  startEngine,
  uniqueName,
} from "../support/index.ts";
import { agentBundle, keelsonBundle } from "./bench-platform.ts";
import { type Row, alternate, makeRow, timeMs } from "./measure.ts";

/**
 * A repository of Compose folders as people have it, kept by Keelson, and by a job that pulls and brings every folder up. Each
 * has an engine of its own.
 */
export async function measureLocal(trial: {
  folders: number;
  runs: number;
  say: (text: string) => void;
}): Promise<Row[]> {
  const { folders, runs } = trial;
  trial.say(`local, ${folders} Compose folders`);
  await using stack = new AsyncDisposableStack();
  const engine = stack.use(await startEngine());
  const other = stack.use(await startEngine());
  const image = `${uniqueName("bench")}:1`;
  for (const { docker } of [engine, other])
    await loadImages(docker, [await buildImageArchive({ tag: image })]);
  const name = uniqueName("bench");
  const names = Array.from({ length: folders }, (_each, index) => `stack${index}`);
  const platform = stack.use(
    await startPlatform({ name, engine, files: filesOf({ name, names, image }), nodes: { n1: {} } }),
  );
  const clone = stack.use(await makeTempFolder("keelson-bench-")).join("clone");
  await outputOf(["git", "clone", "--quiet", platform.server.url("platform"), clone]);

  const env = plainEnvironment({ DOCKER_HOST: other.dockerHost, COMPOSE_PROGRESS: "quiet" });
  const run = async (command: readonly [string, ...string[]], cwd: string) => {
    const end = await runProgram(command, { env, cwd, timeoutMs: 600_000 });
    if (end.exitCode !== 0) throw new Error(`${command.join(" ")} ended with ${end.exitCode}\n${end.stderr}`);
  };
  const compose = process.env["KEELSON_COMPOSE"] ?? "docker-compose";
  const inEach = async (...args: string[]) => {
    for (const each of names) await run([compose, ...args], join(clone, "apps", each));
  };
  const up = async () => {
    await run(["git", "pull", "--quiet"], clone);
    await inEach("up", "-d");
  };
  const round = async () => run(agentBundle("reconcile", "--config", platform.config), clone);
  const check = async () => run(keelsonBundle("check"), platform.repository.path);
  const plan = async () => run(keelsonBundle("plan", "--config", platform.config), platform.repository.path);

  await round();
  await up();
  const compare = async (work: { keelson: () => Promise<void>; reference: () => Promise<void> }) =>
    alternate(runs, {
      keelson: async () => timeMs(work.keelson),
      reference: async () => timeMs(work.reference),
    });
  const row = (kind: string, times: { keelson: number; reference: number }, limit: number) =>
    makeRow({
      case: `local-${kind}`,
      services: folders,
      ...times,
      unit: "ms",
      // Of a few folders the start of a program is most of what is measured.
      limit: folders < 60 ? null : limit,
    });
  const checked = await compare({ keelson: check, reference: async () => inEach("config", "--quiet") });
  const planned = await compare({ keelson: plan, reference: async () => inEach("config", "--quiet") });
  const still = await compare({ keelson: round, reference: up });
  let revision = 1;
  const change = async () => {
    revision += 1;
    await platform.push({ "apps/stack0/compose.yaml": composeOf(image, revision) });
  };
  const changed = await alternate(runs, {
    // Both follow the same commit: the one that comes first in a run pushes it.
    keelson: async () => {
      await change();
      return timeMs(round);
    },
    reference: async () => timeMs(up),
  });
  return [
    row("check", checked, 2),
    row("plan", planned, 2),
    row("noop", still, 1),
    row("change", changed, 1),
  ];
}

function filesOf({ name, names, image }: { name: string; names: readonly string[]; image: string }) {
  const folder = `environments/${name}`;
  return {
    ...Object.fromEntries(names.map((each) => [`apps/${each}/compose.yaml`, composeOf(image, 1)])),
    [`${folder}/environment.yaml`]: stringify({ name, discover: [{ path: "apps/*" }] }),
    [`${folder}/nodes/n1.yaml`]: "name: n1\n",
  };
}

function composeOf(image: string, revision: number): string {
  return stringify({
    services: {
      app: {
        image,
        init: true,
        stop_grace_period: "1s",
        restart: "unless-stopped",
        environment: { REVISION: String(revision) },
        volumes: ["./data:/data"],
      },
    },
  });
}
