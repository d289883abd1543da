import { type Reading, furtherReadings, readings, whiteSpace } from "./text-reading.ts";

/** A text without its escapes, and where each of its bytes stands in the escaped text. */
export interface TextView {
  /** One byte a character. */
  bytes: string;
  /** By position in `bytes`, the first byte in the text and the one after the last; null when they are the same positions. */
  places: { starts: Int32Array; ends: Int32Array } | null;
  /** Without white space; only forms that may be broken into lines are searched in it. */
  isSqueezed: boolean;
}

/** The text as it is, without one kind of escapes, without two, and each of these without white space; one at a time. */
export function* viewsOf(bytes: string): Generator<TextView> {
  const seen = new Set([bytes]);
  const whole: TextView = { bytes, places: null, isSqueezed: false };
  yield* withSqueezed(whole);
  for (const reading of readings) {
    const once = readAnew(whole, { reading, seen });
    if (once === null) continue;
    yield* withSqueezed(once);
    for (const further of furtherReadings(reading)) {
      const twice = readAnew(once, { reading: further, seen });
      if (twice !== null) yield* withSqueezed(twice);
    }
  }
}

function* withSqueezed(view: TextView): Generator<TextView> {
  yield view;
  const squeezed = readView(view, whiteSpace);
  if (squeezed !== null) yield { ...squeezed, isSqueezed: true };
}

/** Null for a view that was already given. */
function readAnew(
  view: TextView,
  { reading, seen }: { reading: Reading; seen: Set<string> },
): TextView | null {
  const read = readView(view, reading);
  if (read === null || seen.has(read.bytes)) return null;
  seen.add(read.bytes);
  return read;
}

/** Null when there is nothing of that kind in it. */
function readView(view: TextView, { pattern, read }: Reading): TextView | null {
  const pieces: { at: number; length: number; text: string }[] = [];
  for (const match of view.bytes.matchAll(pattern)) {
    const text = read(match[0]);
    if (text !== null) pieces.push({ at: match.index, length: match[0].length, text });
  }
  if (pieces.length === 0) return null;
  const size = view.bytes.length + pieces.reduce((sum, { length, text }) => sum + text.length - length, 0);
  const places = { starts: new Int32Array(size), ends: new Int32Array(size) };
  const parts: string[] = [];
  let [from, to] = [0, 0];
  const copy = (end: number) => {
    parts.push(view.bytes.slice(from, end));
    for (; from < end; from++, to++) {
      places.starts[to] = view.places?.starts[from] ?? from;
      places.ends[to] = view.places?.ends[from] ?? from + 1;
    }
  };
  for (const { at, length, text } of pieces) {
    copy(at);
    parts.push(text);
    const last = at + length - 1;
    for (let index = 0; index < text.length; index++, to++) {
      places.starts[to] = view.places?.starts[at] ?? at;
      places.ends[to] = view.places?.ends[last] ?? last + 1;
    }
    from = at + length;
  }
  copy(view.bytes.length);
  return { bytes: parts.join(""), places, isSqueezed: false };
}
