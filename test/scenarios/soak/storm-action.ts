import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import type { Behaviour, Engine } from "../../support/index.ts";
import { findChild } from "../child-process.ts";
import type { Platform } from "../platform.ts";
import type { Chance } from "./chance.ts";
import { type Wish, changeWish, filesOf } from "./wish.ts";

/** What the actions are done to. */
export interface StormTarget {
  readonly platform: Platform;
  readonly engine: Engine;
  /** The process of the agent that stays. */
  readonly agent: number;
  readonly chance: Chance;
}

/** With what was committed last. */
export interface Weather extends StormTarget {
  wish: Wish;
  commit: string;
}

/** An action that could not be done now. */
class NotPossible extends Error {}

/**
 * Each with how often it is chosen, and the lane that it has for itself: a commit is not pushed to a server that is
 * away, since Git would wait for it for ever.
 */
export const actions = {
  commit: { weight: 16, lane: "git", act: commitChange },
  "docker stop": { weight: 5, lane: "stop", act: stopContainer },
  "docker kill": { weight: 4, lane: "kill", act: killContainer },
  "docker rm -f": { weight: 4, lane: "remove", act: removeContainer },
  "edited file": { weight: 8, lane: "edit", act: editFile },
  SIGHUP: { weight: 34, lane: "hangup", act: hangUp },
  "killed round": { weight: 1, lane: "round", act: killRound },
  "Git away": { weight: 2, lane: "git", act: takeGitAway },
  "engine stopped": { weight: 0.5, lane: "engine", act: stopEngine },
  "engine killed": { weight: 0.5, lane: "engine", act: killEngine },
} as const satisfies Record<string, { weight: number; lane: string; act: (at: Weather) => Promise<void> }>;

export type Action = keyof typeof actions;

/** The engine is away, or says that it cannot do this to this container now. */
export function isRefusal(error: unknown): boolean {
  if (error instanceof NotPossible) return true;
  if (!(error instanceof Error)) return false;
  return (
    "statusCode" in error ||
    ("code" in error && /^(ECONNREFUSED|ECONNRESET|ENOENT|EPIPE|ESRCH)$/.test(String(error.code))) ||
    error.message === "socket hang up"
  );
}

async function commitChange(at: Weather): Promise<void> {
  const { platform, chance } = at;
  const wish = changeWish(at.wish, chance);
  at.commit = await platform.push(filesOf(wish, platform.environment));
  at.wish = wish;
}

async function stopContainer(at: Weather): Promise<void> {
  await (await chooseContainer(at)).kill();
}

async function killContainer(at: Weather): Promise<void> {
  await (await chooseContainer(at)).kill();
}

async function removeContainer(at: Weather): Promise<void> {
  await (await chooseContainer(at)).remove({ force: true });
}

async function chooseContainer({ platform, chance }: Weather) {
  const label = [`io.keelson.environment=${platform.environment}`];
  const listed = await platform.docker.listContainers({ filters: { label } });
  if (listed.length === 0) throw new NotPossible("no container runs");
  return platform.docker.getContainer(chance.oneOf(listed).Id);
}

/** The watcher cannot see files: whoever edits one asks for a round, as the routine would some minutes later. */
async function editFile(at: Weather): Promise<void> {
  const root = join(at.platform.stateDir, "instances");
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name === "app.conf");
  if (files.length === 0) throw new NotPossible("no file is placed");
  const { parentPath, name } = at.chance.oneOf(files);
  await writeFile(join(parentPath, name), "edited by hand\n", { flag: "r+" });
  await hangUp(at);
}

async function hangUp({ agent }: Weather): Promise<void> {
  await Promise.resolve(process.kill(agent, "SIGHUP"));
}

async function killRound({ agent }: Weather): Promise<void> {
  // Node's own name for its first thread, which is the name of its process.
  const round = await findChild(agent, "MainThread");
  if (round === undefined) throw new NotPossible("no round runs");
  process.kill(round, "SIGKILL");
}

async function takeGitAway({ platform, chance }: Weather): Promise<void> {
  const { server } = platform;
  const behaviour = chance.oneOf<Behaviour | null>([
    null,
    { kind: "hang" },
    { kind: "fail", status: 503 },
    { kind: "cut", afterBytes: 20 },
  ]);
  if (behaviour === null) await server.stop();
  else server.setBehaviour(behaviour);
  await sleep(chance.between(1_000, 4_000));
  server.setBehaviour({ kind: "normal" });
  await server.start();
}

async function stopEngine({ engine, chance }: Weather): Promise<void> {
  await engine.stop();
  await sleep(chance.between(0, 3_000));
  await engine.start();
}

async function killEngine({ engine, chance }: Weather): Promise<void> {
  await engine.kill();
  await sleep(chance.between(0, 3_000));
  await engine.start();
}
