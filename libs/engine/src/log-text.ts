import { StringDecoder } from "node:string_decoder";

import { type OutputStream, createFrameReader } from "./frame-reader.ts";
import { createLineReader } from "./poll-line.ts";

export interface LogText {
  push(chunk: Buffer): void;
  /** Lines without an end. */
  end(): void;
  /** The time of the last line, as the engine wrote it; null before the first, and always of a terminal's output. */
  lastTime(): string | null;
}

export interface LogTextOptions {
  /** The container has a terminal: its output comes in no frames and on one stream. */
  isTty: boolean;
  /** Lines begin with their time. */
  timestamps: boolean;
  /** Frames up to this time are left out: they were read before. */
  after: string | null;
  onLine: (stream: OutputStream, text: string, isFirst: boolean) => void;
}

/** The longest line, in UTF-16 units. */
const longestLine = 64 * 1024;

/**
 * A container's log as lines of at most 64 Ki UTF-16 units; of a longer one the beginning. The engine must be asked for
 * times, except for a terminal's output without `timestamps`: it puts one before each frame, and a long line is in
 * several frames, so that it would stand in the middle of the line.
 */
export function createLogText(options: LogTextOptions): LogText {
  const { isTty, onLine } = options;
  const lines = (stream: OutputStream) => createLines((text, isFirst) => onLine(stream, text, isFirst));
  if (isTty) {
    const reader = lines("stdout");
    return { push: (chunk) => reader.push(chunk), end: () => reader.end(), lastTime: () => null };
  }
  const streams = { stdout: lines("stdout"), stderr: lines("stderr") };
  return framedText(streams, options);
}

type Lines = ReturnType<typeof createLines>;

function createLines(onText: (text: string, isFirst: boolean) => void) {
  // Characters may be split between chunks too.
  const decoder = new StringDecoder("utf8");
  let isFirst = true;
  const reader = createLineReader({
    limit: longestLine,
    onLine: (line) => {
      onText((line.endsWith("\r") ? line.slice(0, -1) : line).toWellFormed(), isFirst);
      isFirst = false;
    },
  });
  let isAtStart = true;
  return {
    isAtStart: () => isAtStart,
    push: (bytes: Buffer) => {
      if (bytes.length > 0) isAtStart = bytes.at(-1) === newline;
      reader.push(decoder.write(bytes));
    },
    end: () => {
      reader.push(decoder.end());
      reader.end();
    },
  };
}

const newline = 0x0a;
const space = 0x20;

function framedText(streams: Record<OutputStream, Lines>, { timestamps, after }: LogTextOptions): LogText {
  const readFrames = createFrameReader();
  let last: string | null = after;
  // The time of the frame that is being read as far as it came; null once it has been taken off.
  let time: Buffer | null = null;
  let isKnown = false;
  return {
    push: (chunk) => {
      for (const { stream, bytes, isStart } of readFrames(chunk)) {
        const lines = streams[stream];
        let text = bytes;
        if (isStart) time = Buffer.alloc(0);
        if (time !== null) {
          const prefix: Buffer = Buffer.concat([time, bytes]);
          const end = prefix.indexOf(space);
          time = prefix;
          if (end === -1) continue;
          const said = prefix.toString("latin1", 0, end);
          time = null;
          text = prefix.subarray(end + 1);
          isKnown = after !== null && said <= after;
          if (!isKnown) last = said;
          if (!isKnown && timestamps && lines.isAtStart()) lines.push(Buffer.from(`${said} `));
        }
        if (!isKnown) lines.push(text);
      }
    },
    end: () => Object.values(streams).forEach((lines) => lines.end()),
    lastTime: () => last,
  };
}
