import { bytesOf } from "./frame-reader.ts";

/** A line of the engine's answer to a pull (API reference, `POST /images/create`). */
export interface PullLine {
  /** The layer. */
  id?: string;
  status?: string;
  progressDetail?: { current?: number; total?: number };
  error?: string;
  errorDetail?: { message?: string };
}

/** Much longer than any line of an engine. */
const longestLine = 1 << 20;

/** The lines of a pull; a chunk can hold several and end inside one. A line that is no JSON is left out. */
export async function* readPullLines(stream: NodeJS.ReadableStream): AsyncGenerator<PullLine> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(bytesOf(chunk), { stream: true })).split("\n");
    rest = (lines.pop() ?? "").slice(0, longestLine);
    for (const line of lines) yield* parseLine(line);
  }
  yield* parseLine(rest);
}

function* parseLine(text: string): Generator<PullLine> {
  if (text.trim() === "") return;
  try {
    const line: unknown = JSON.parse(text);
    if (typeof line === "object" && line !== null) yield line;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
}

/** Lines come many times a second for each layer. */
const reportEveryMs = 100;

/**
 * Folds the layers of a pull into bytes done and in total. Only downloads count, since unpacking repeats the same
 * bytes; the total grows while the engine learns the sizes of the layers.
 */
export function createPullProgress(report: (done: number, total: number) => void): {
  add: (line: PullLine) => void;
} {
  const layers = new Map<string, { done: number; total: number }>();
  let reportedAt = 0;
  return {
    add: ({ id, status, progressDetail }) => {
      if (id === undefined) return;
      const layer = layers.get(id);
      const total = progressDetail?.total ?? 0;
      if (status === "Downloading" && total > 0)
        layers.set(id, { done: progressDetail?.current ?? 0, total });
      else if (layer !== undefined && status !== "Downloading") layer.done = layer.total;
      else return;
      const all = [...layers.values()];
      const isComplete = all.every((each) => each.done === each.total);
      if (!isComplete && Date.now() - reportedAt < reportEveryMs) return;
      reportedAt = Date.now();
      report(
        all.reduce((sum, each) => sum + each.done, 0),
        all.reduce((sum, each) => sum + each.total, 0),
      );
    },
  };
}
