/** A text that comes in chunks, which may split and join lines anywhere. */
export interface LineReader {
  push(text: string): void;
  /** The last line, if it has no end of line. */
  end(): void;
}

/**
 * Calls `onLine` for each line, without its end. Of a line longer than `limit` (in UTF-16 units) only the beginning is
 * kept and given, so that nobody can fill the memory with one.
 */
export function createLineReader({
  limit,
  onLine,
}: {
  limit: number;
  onLine: (line: string, isCut: boolean) => void;
}): LineReader {
  let line = "";
  let isCut = false;
  const append = (text: string, from: number, to: number) => {
    const kept = Math.min(to, from + limit - line.length);
    isCut ||= kept < to;
    line += text.slice(from, kept);
  };
  const flush = () => {
    const [whole, wasCut] = [line, isCut];
    line = "";
    isCut = false;
    onLine(whole, wasCut);
  };
  return {
    push: (text) => {
      let start = 0;
      for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
        append(text, start, end);
        start = end + 1;
        flush();
      }
      append(text, start, text.length);
    },
    end: () => {
      if (line !== "") flush();
    },
  };
}
