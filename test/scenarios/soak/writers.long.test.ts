import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { readStatuses } from "../../../libs/git/src/index.ts";
import type { Status } from "../../../libs/model/src/index.ts";
import { makeTempFolder, waitFor } from "../../support/index.ts";
import type { TempFolder } from "../../support/index.ts";
import { writeAgentFiles } from "../agent-config.ts";
import { type StayingAgent, startStaying } from "../staying-agent.ts";
import { type Platform, startPlatform } from "../platform.ts";
import { makeSmallRepository } from "../repository-text.ts";
import { makeChance } from "./chance.ts";
import { type WriterTally, runWriter } from "./writer.ts";

const count = Number(process.env["KEELSON_WRITERS"] ?? 297);
const minutes = Number(process.env["KEELSON_WRITERS_MINUTES"] ?? 11);
const seed = Number(process.env["KEELSON_SOAK_SEED"] ?? Date.now() % 1_000_000);
const updates = 10;

const release = `
-- packages/web/compose.yaml --
services:
  web: { image: "IMAGES/web:1", init: true, stop_grace_period: 1s }
`;
const compose = "releases/app/1.0.0/packages/web/compose.yaml";

interface Place {
  readonly environment: string;
  readonly node: string;
}

const keyOf = ({ environment, node }: Place) => `${environment}/${node}`;

describe(`${count} writers and 3 agents at one Git server, with KEELSON_SOAK_SEED=${seed}`, () => {
  const chance = makeChance(seed);
  const tally: WriterTally = { tookMs: [], failures: {}, inFlight: 0, mostInFlight: 0 };
  const agents: StayingAgent[] = [];
  /** What each writer wrote last. */
  const written = new Map<string, string>();
  let platform: Platform;
  let folder: TempFolder;
  let places: { agents: Place[]; writers: Place[] };
  let commit = "";

  beforeAll(async () => {
    folder = await makeTempFolder("keelson-writers-");
    platform = await startPlatform({ release, agent: { interval: "2s" } });
    const { environment } = platform;
    // Each begins with the platform's name, so that everything goes with it.
    const environments = [environment, `${environment}-b`, `${environment}-c`];
    const nodeOf = (index: number) => `w${String(index).padStart(3, "0")}`;
    places = {
      agents: environments.map((each) => ({ environment: each, node: "n1" })),
      writers: Array.from({ length: count }, (_, index) => {
        return { environment: environments[index % 3] ?? environment, node: nodeOf(index) };
      }),
    };
    const files = environments.map((each) => {
      const named = [...places.agents, ...places.writers].filter((place) => place.environment === each);
      const nodes = Object.fromEntries(named.map(({ node }) => [node, {}]));
      // Where the instances are: on the node of the agent only.
      const environmentDocument = { instances: { web: { package: "app/web", on: { node: "n1" } } } };
      return makeSmallRepository({ environment: each, release, nodes, environmentDocument });
    });
    commit = await platform.push(Object.assign({}, ...files), "three environments");
    for (const place of places.agents) agents.push(startStaying(await configOf(place)));
  });
  afterAll(async () => {
    for (const agent of agents) await agent[Symbol.asyncDispose]();
    await platform?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  it("must lose nothing", async () => {
    const durationMs = minutes * 60_000;
    const startMs = performance.now();
    const writers = places.writers.map(async (place) => {
      const gitDir = folder.join(keyOf(place).replace("/", "--"));
      const url = platform.server.url("platform");
      const on = { ...place, url, gitDir, updates, durationMs, chance, tally, commit: () => commit };
      written.set(keyOf(place), await runWriter(on));
    });
    // The agents have news when the branch has.
    for (let version = 2; version <= updates; version++) {
      const dueMs = startMs + (durationMs / updates) * (version - 1);
      await sleep(Math.max(0, dueMs - performance.now()));
      commit = await platform.push({ [compose]: (text) => text.replace(/web:\d+/, `web:${version}`) });
    }
    await Promise.all(writers);
    tell(`${Math.round((performance.now() - startMs) / 1000)} s`);
    const byTime = tally.tookMs.sort((a, b) => a - b).map(Math.round);
    const at = (share: number) => byTime[Math.min(byTime.length - 1, Math.floor(byTime.length * share))];
    tell(`${byTime.length} publications, ms: median ${at(0.5)}, p95 ${at(0.95)}, most ${at(1)}`);
    tell(`most in flight ${tally.mostInFlight}, tried again ${JSON.stringify(tally.failures)}`);
    expect(byTime).toHaveLength(count * updates);
  });

  it("must leave every node's last status to be read", async () => {
    const url = platform.server.url("platform");
    const read = async () => {
      const statuses = await readStatuses({ url, gitDir: folder.join("read"), timeoutMs: 60_000 });
      return new Map(statuses.map((each) => [keyOf(each), each.json]));
    };
    await waitFor(
      async () => {
        const found = await read();
        return places.agents.every((place) => appliedOf(found.get(keyOf(place))) === commit);
      },
      { what: "the agents' reports on the last commit" },
    );
    const startMs = performance.now();
    const found = await read();
    tell(`read ${found.size} statuses in ${Math.round(performance.now() - startMs)} ms`);
    expect([...found.keys()].sort()).toEqual([...places.agents, ...places.writers].map(keyOf).sort());
    for (const [key, json] of written) expect(found.get(key)).toBe(json);
  });

  it("must be shown by keelson status", async () => {
    const { stdout, stderr, exitCode } = await platform.keelson(["status", "--json"]);
    if (exitCode !== 0) throw new Error(`it exited ${exitCode}\n${stderr}${stdout.slice(0, 4_000)}`);
    const rows: (Place & { state: string; status: Status | null })[] = JSON.parse(stdout);
    expect(rows).toHaveLength(count + 3);
    const seqs = new Map(rows.map((row) => [keyOf(row), row.status?.seq]));
    for (const place of places.writers) expect([place, seqs.get(keyOf(place))]).toEqual([place, updates]);
    expect(rows.filter(({ state }) => state !== "ready")).toEqual([]);
  });

  it("must have taken one push for each report, and be notes that plain Git shows", async () => {
    const { repository, server } = platform;
    await repository.git("fetch", "--quiet", "origin", "+refs/notes/keelson/*:refs/notes/keelson/*");
    const log = await repository.git("log", "--notes=keelson/*", "main");
    const shown = new Set([...log.matchAll(/^Notes \(keelson\/(.+)\):$/gm)].map(([, place]) => place));
    expect(shown.size).toBe(count + 3);
    const commits = async (place: Place) =>
      Number(await repository.git("rev-list", "--count", `refs/notes/keelson/${keyOf(place)}`));
    const ofAgents = await Promise.all(places.agents.map(commits));
    const ofWriters: number[] = [];
    for (const place of places.writers) ofWriters.push(await commits(place));
    const sum = [...ofAgents, ...ofWriters].reduce((a, b) => a + b, 0);
    const posts = server.requests.filter(
      ({ method, path }) => method === "POST" && path.endsWith("/git-receive-pack"),
    ).length;
    const requests = posts - updates; // those of the commits
    const perWriter = `${Math.min(...ofWriters)} to ${Math.max(...ofWriters)}`;
    tell(`| writers | pushes per writer | pushes per agent | pushes in all | requests to push |`);
    tell(`| ${count} | ${perWriter} | ${ofAgents.join(", ")} | ${sum} | ${requests} |`);
    expect(ofWriters.filter((each) => each !== updates)).toEqual([]);
  });

  async function configOf(place: Place): Promise<string> {
    if (place.environment === platform.environment) return platform.config;
    const own = join(platform.folder, place.environment);
    await mkdir(own);
    const { config } = await writeAgentFiles(own, {
      ...place,
      url: platform.server.url("platform"),
      dockerHost: platform.dockerHost,
      secrets: {},
      credentials: undefined,
      monitor: undefined,
      more: { interval: "2s" },
    });
    return config;
  }
});

function appliedOf(json: string | undefined): string | undefined {
  if (json === undefined || json === "") return undefined;
  const status: Status = JSON.parse(json);
  return status.source.applied;
}

function tell(line: string): void {
  process.stdout.write(`writers: ${line}\n`);
}
