import { setTimeout as sleep } from "node:timers/promises";

import { publishStatus } from "../../../libs/git/src/index.ts";
import { canonicalText } from "../../../libs/model/src/index.ts";
import { makeStatus } from "../../../libs/report/src/fleet-fixture.ts";
import type { Chance } from "./chance.ts";

/** What some writers did together. */
export interface WriterTally {
  /** Of each publication that succeeded, with its own retries. */
  readonly tookMs: number[];
  /** What publications failed with, by code. Each was tried again. */
  readonly failures: Record<string, number>;
  inFlight: number;
  mostInFlight: number;
}

export interface WriterInput {
  readonly url: string;
  readonly environment: string;
  readonly node: string;
  /** A folder of its own. */
  readonly gitDir: string;
  readonly updates: number;
  /** Time for all of its updates. */
  readonly durationMs: number;
  /** The commit that a node would be at now. */
  readonly commit: () => string;
  readonly chance: Chance;
  readonly tally: WriterTally;
}

const timeoutMs = 60_000;
const retryMs = 2_000;

/**
 * Publishes as a node does that has news so often: each update at some moment of its part of the time, the next one
 * not before, one that failed again until it succeeds. Returns the last text.
 */
export async function runWriter(input: WriterInput): Promise<string> {
  const { updates, durationMs, chance } = input;
  const partMs = durationMs / updates;
  const startMs = performance.now();
  let json = "";
  for (let seq = 1; seq <= updates; seq++) {
    const dueMs = startMs + partMs * (seq - 1 + chance.next());
    await sleep(Math.max(0, dueMs - performance.now()));
    json = await publish(input, seq);
  }
  return json;
}

async function publish(input: WriterInput, seq: number): Promise<string> {
  const { environment, node, tally, chance } = input;
  for (;;) {
    const commit = input.commit();
    const place = `${environment}/${node}`;
    const observedAt = new Date().toISOString();
    const json = canonicalText(makeStatus({ place, seq, observedAt, applied: commit }));
    const startMs = performance.now();
    tally.inFlight++;
    tally.mostInFlight = Math.max(tally.mostInFlight, tally.inFlight);
    try {
      const { url, gitDir } = input;
      const to = { url, gitDir, as: "notes", environment, node } as const;
      await publishStatus({ ...to, commit, files: () => ({ json }), timeoutMs });
      tally.tookMs.push(performance.now() - startMs);
      return json;
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "";
      if (!code.startsWith("K2")) throw error;
      tally.failures[code] = (tally.failures[code] ?? 0) + 1;
    } finally {
      tally.inFlight--;
    }
    await sleep(retryMs * (0.5 + chance.next()));
  }
}
