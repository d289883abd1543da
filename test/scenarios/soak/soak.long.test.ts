import { readdir } from "node:fs/promises";

import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

import { type TempFolder, makeTempFolder } from "../../support/index.ts";
import { listProcesses } from "../../support/leftover-processes.ts";
import { type Platform, type StayingAgent, startPlatform } from "../platform.ts";
import { tellingImage } from "../telling-image.ts";
import { awaitArrival } from "./arrival.ts";
import { makeChance } from "./chance.ts";
import { listResidue } from "./residue.ts";
import { type Storm, makeStorm } from "./storm.ts";
import { type Footprint, medianOf, sampleFootprint, sampledNodeOptions } from "./watched-process.ts";
import { appVersions, firstWish, releaseOf } from "./wish.ts";

const minutes = Number(process.env["KEELSON_SOAK_MINUTES"] ?? 10);
const seed = Number(process.env["KEELSON_SOAK_SEED"] ?? Date.now() % 1_000_000);

/** Of each minute; the rest is for arriving, and for looking at the agent while it rests. */
const stormMs = 45_000;

/** What counts as flat, over some 150 rounds: compiled code and the allocator still settle by some hundred KiB. */
const allowed = { anonymousKiB: 2_048, residentKiB: 2_048, descriptors: 2 };

describe(`an agent in a storm of ${minutes} minutes, with KEELSON_SOAK_SEED=${seed}`, () => {
  let platform: Platform;
  let agent: StayingAgent;
  let storm: Storm;
  let temporary: TempFolder;
  const footprints: Footprint[] = [];

  beforeAll(async () => {
    temporary = await makeTempFolder("soak-");
    platform = await startPlatform({
      engine: "own",
      release: releaseOf(firstWish),
      images: Object.fromEntries(appVersions.map((version) => [`app:${version}`, tellingImage])),
      agent: { interval: "1s", timeouts: { git: "5s" } },
    });
    // What its rounds make there is seen at the end.
    vi.stubEnv("TMPDIR", temporary.path);
    agent = platform.startAgent({ nodeOptions: sampledNodeOptions });
    vi.unstubAllEnvs();
    storm = await makeStorm({
      platform,
      engine: platform.engine(),
      agent: agent.pid,
      chance: makeChance(seed),
    });
  });
  afterAll(async () => {
    await agent?.[Symbol.asyncDispose]();
    await platform?.[Symbol.asyncDispose]();
    await temporary?.[Symbol.asyncDispose]();
  });

  it("must reach the last commit each time that it calms down", async () => {
    const arrive = async () => {
      try {
        await awaitArrival(platform, { wish: storm.wish(), commit: storm.commit() });
      } catch (error) {
        const folder = await platform.keepArtefacts();
        if (error instanceof Error) {
          error.message += `\nthe agent said\n${agent.log().slice(-6_000)}\nartefacts are in ${folder}`;
        }
        throw error;
      }
    };
    await arrive();
    const startMs = performance.now();
    for (let minute = 1; minute <= minutes; minute++) {
      await storm.rage(stormMs);
      const calmMs = performance.now();
      await arrive();
      const arrivedMs = Math.round(performance.now() - calmMs);
      const footprint = await sampleFootprint(agent.pid, { samples: 13, everyMs: 250 });
      footprints.push(footprint);
      tell(`minute ${minute}: arrived after ${arrivedMs} ms; ${JSON.stringify(footprint)}`);
      expect(isAlive(agent.pid)).toBe(true);
    }
    tell(`${Math.round((performance.now() - startMs) / 1000)} s in all`);
    tell(`events: ${JSON.stringify(countEvents(agent))}`);
    tell(`done: ${JSON.stringify(storm.tally)}`);
    const neverDone = Object.entries(storm.tally).filter(([, { done }]) => done === 0);
    expect(neverDone).toEqual([]);
  });

  it("must not have grown", () => {
    const early = medianOf(footprints.slice(Math.floor(minutes * 0.25), Math.ceil(minutes * 0.4)));
    const late = footprints.at(-1) ?? early;
    tell(`early: ${JSON.stringify(early)}; late: ${JSON.stringify(late)}`);
    expect(late.descriptors - early.descriptors).toBeLessThanOrEqual(allowed.descriptors);
    expect(late.anonymousKiB - early.anonymousKiB).toBeLessThanOrEqual(allowed.anonymousKiB);
    expect(late.residentKiB - early.residentKiB).toBeLessThanOrEqual(allowed.residentKiB);
  });

  it("must leave no process and no file behind when it is stopped", async () => {
    expect(await agent.end("SIGTERM")).toBe(0);
    const processes = (await listProcesses()).filter(({ commandLine }) =>
      commandLine.includes(platform.folder),
    );
    expect(processes).toEqual([]);
    expect(await listResidue(platform)).toEqual([]);
    expect(await readdir(temporary.path)).toEqual([]);
  });

  function isAlive(pid: number): boolean {
    return process.kill(pid, 0);
  }
});

/** How often the log has each event, and each code. */
function countEvents(agent: StayingAgent): Record<string, number> {
  const counts: Record<string, number> = {};
  const codes = agent.log().match(/(?<="code":")K\d+(?=")/g) ?? [];
  for (const name of [...agent.events(), ...codes.sort()]) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function tell(line: string): void {
  process.stdout.write(`soak: ${line}\n`);
}
