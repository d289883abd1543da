/** Something that is read line by line, in the order of its times. */
export interface MergedLog<Line> {
  /** A line of this log, with its time (RFC 3339 with nanoseconds; empty where none is known). */
  push: (time: string, line: Line) => void;
  /** Comes when more may be read: a log that is far ahead of the others waits for them. */
  ready: () => Promise<void>;
  /** No line follows. Also to be called when the reading failed. */
  end: () => void;
}

/** So many lines of one log are kept at the most, and those of the chunk that is being read. */
const mostWaiting = 1_000;

/**
 * Makes one log of several, by time. Of equal times the line of the log that was opened first comes first. All logs have to
 * be opened before the first line comes.
 */
export function openLogMerge<Line>(onLine: (line: Line) => void): () => MergedLog<Line> {
  const logs: { lines: { time: string; line: Line }[]; isEnded: boolean; resume: () => void }[] = [];
  const passOn = () => {
    for (;;) {
      if (logs.some(({ lines, isEnded }) => lines.length === 0 && !isEnded)) break;
      const first = logs.reduce<(typeof logs)[number] | null>(
        (best, log) => (isBefore(log.lines[0], best?.lines[0]) ? log : best),
        null,
      );
      const next = first?.lines.shift();
      if (next === undefined) break;
      onLine(next.line);
    }
    for (const { lines, resume } of logs) if (lines.length < mostWaiting) resume();
  };
  return () => {
    const log = { lines: [] as { time: string; line: Line }[], isEnded: false, resume: () => {} };
    logs.push(log);
    return {
      push: (time, line) => {
        log.lines.push({ time, line });
        passOn();
      },
      ready: async () => {
        if (log.lines.length < mostWaiting) return;
        await new Promise<void>((resolve) => (log.resume = resolve));
      },
      end: () => {
        log.isEnded = true;
        passOn();
      },
    };
  };
}

function isBefore(one: { time: string } | undefined, other: { time: string } | undefined): boolean {
  if (one === undefined) return false;
  return other === undefined || one.time < other.time;
}
