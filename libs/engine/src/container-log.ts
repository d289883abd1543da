import { KeelsonError } from "@keelson/model";
import type { ContainerInspectInfo } from "dockerode";

import type { Engine } from "./engine.ts";
import { quoted } from "./excerpt.ts";
import { type OutputStream, createFrameReader } from "./frame-reader.ts";
import { askEngine } from "./request.ts";

/** The engine keeps a long line in several pieces, and counts those. */
const lines = 10;
const pieceBytes = 16 * 1024;
/** With it, half a secret at the beginning is hidden too. */
const cutMark = "…";

/**
 * The last lines of a container's log as the cause of an error, bounded and clean: those of its last run, because a job
 * that fails each time would repeat what it said before. Where that run left none, the last ones of all.
 */
export async function readLogEnd(
  { engine, signal }: { engine: Engine; signal?: AbortSignal | undefined },
  info: ContainerInspectInfo,
): Promise<Error> {
  try {
    const since = lastRunSeconds(info);
    const ofLastRun = await readTail({ engine, signal }, { id: info.Id, since });
    const isAll = since === 0 || ofLastRun.length > 0;
    const bytes = isAll ? ofLastRun : await readTail({ engine, signal }, { id: info.Id, since: 0 });
    return quoted(info.Config.Tty ? terminalText(bytes) : framedText(bytes), { lines });
  } catch (error) {
    // The log only explains another failure, which must be shown even where the log driver keeps nothing to read.
    if (error instanceof KeelsonError) return new Error("its log is not readable", { cause: error });
    throw error;
  }
}

/** An engine notes the start when the program has already begun to write, and a busy one notes it late. */
const beforeStartSeconds = 1;

/** Since when the log counts, by the engine's clock; 0 for all of it: what runs again said before why it had ended. */
function lastRunSeconds({ State: { Status: state, StartedAt } }: ContainerInspectInfo): number {
  return state === "running" ? 0 : Math.max(0, Date.parse(StartedAt) / 1_000 - beforeStartSeconds);
}

async function readTail(
  { engine, signal }: { engine: Engine; signal?: AbortSignal | undefined },
  { id, since }: { id: string; since: number },
): Promise<Buffer> {
  const log = await askEngine(engine, {
    what: "read the log",
    signal,
    send: (abortSignal) =>
      engine.docker.getContainer(id).logs({ stdout: true, stderr: true, tail: lines, since, abortSignal }),
  });
  // The client parses an answer that happens to be JSON.
  return Buffer.isBuffer(log) ? log : Buffer.from(JSON.stringify(log));
}

/** A text that may begin in the middle of a line has a mark there; a log that is complete has none. */
function framedText(bytes: Buffer): string {
  const frames = createFrameReader()(bytes);
  const begun = new Set<OutputStream>(frames.length < lines ? ["stdout", "stderr"] : []);
  const parts = frames.map((frame) => {
    const mark = begun.has(frame.stream) ? "" : cutMark;
    begun.add(frame.stream);
    return Buffer.concat([Buffer.from(mark), frame.bytes]);
  });
  return Buffer.concat(parts).toString("utf8");
}

/** A terminal's output has no frames: it is complete when it has fewer lines than were asked for, and no piece of a long one. */
function terminalText(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  const isWhole = text.trimEnd().split("\n").length < lines && bytes.length < pieceBytes;
  return isWhole ? text : `${cutMark}${text}`;
}
