import { KeelsonError } from "@keelson/model";

import type { Engine } from "./engine.ts";
import { recordOf, textOf } from "./json-reader.ts";
import { askEngine, unreadable } from "./request.ts";

/** Something that happened to a container, as the engine remembers it for a while. */
export interface PastEvent {
  action: string;
  /** Of a `die`; null for all others. */
  exitCode: number | null;
  /** The number of the signal of a `kill`; null for all others. */
  signal: number | null;
}

/**
 * What the engine remembers of a container, the last one at the end; empty where it does not tell. It keeps 256 events of all
 * containers together, so that what is not there may have happened all the same. The times are in the past, by the engine's
 * own clock: a stream of events ends by itself then.
 */
export async function readPastEvents(
  { engine, signal }: { engine: Engine; signal?: AbortSignal | undefined },
  {
    id,
    actions,
    sinceMs,
    untilMs,
  }: { id: string; actions: readonly string[]; sinceMs: number; untilMs: number },
): Promise<PastEvent[]> {
  try {
    const text = await askEngine(engine, {
      what: "tell its events",
      signal,
      send: async (abortSignal) => {
        const filters = { container: [id], event: [...actions] };
        const span = { since: sinceMs / 1_000, until: untilMs / 1_000 };
        const stream = await engine.docker.getEvents({ ...span, filters, abortSignal });
        const chunks: Buffer[] = [];
        for await (const chunk of stream) chunks.push(Buffer.from(chunk));
        return Buffer.concat(chunks).toString("utf8");
      },
    });
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    return lines.map(parseEvent);
  } catch (error) {
    if (error instanceof KeelsonError) return []; // it only explains what is told all the same
    throw error;
  }
}

/** A line of the engine's events about containers. Throws K3009. */
export function parseEvent(line: string): PastEvent {
  const { Action: action, Actor: actor } = readLine(line);
  const { exitCode, signal } = recordOf(recordOf(actor)["Attributes"]);
  return { action: textOf(action), exitCode: numberOf(exitCode), signal: numberOf(signal) };
}

function numberOf(said: unknown): number | null {
  return textOf(said) === "" ? null : Number(said);
}

function readLine(line: string): Record<string, unknown> {
  try {
    return recordOf(JSON.parse(line));
  } catch (error) {
    throw unreadable("tell its events", error);
  }
}
