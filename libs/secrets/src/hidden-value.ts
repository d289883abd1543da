import { FormIndex, type Span } from "./form-index.ts";
import { type TextView, viewsOf } from "./text-view.ts";
import { type ValueForm, bytesOf, formsOf, minValueLength } from "./value-form.ts";

/** Where an excerpt begins or ends in the middle of a text. */
const cut = bytesOf("…");
/** A text with more of them may want to hide something: from there on, the word after each is hidden. */
const maxCuts = 20;
/** A text of this length may have been cut without a mark: lines of a log are at 64 Ki. */
const longText = 60_000;

/**
 * What replaces every occurrence of the values in a text by `***`: as they are, escaped as JSON, URLs, forms, HTML and
 * shells write them, also twice, and in base64 and hex. The forms are made when they are first needed.
 */
export function newValueFilter(values: readonly string[]): (text: string) => string {
  // White space alone would take the indentation of every text with it.
  const secret = values.filter((value) => value.trim().length >= minValueLength);
  if (secret.length === 0) return (text) => text;
  let indexes: Indexes | undefined;
  return (text) => {
    if (text.length < minValueLength) return text;
    indexes ??= indexForms(secret.flatMap(formsOf));
    const bytes = bytesOf(text);
    const spans = findSpans(bytes, indexes);
    return spans.length === 0 ? text : Buffer.from(cover(bytes, spans), "latin1").toString("utf8");
  };
}

interface Indexes {
  all: FormIndex;
  encoded: FormIndex;
}

function indexForms(forms: readonly ValueForm[]): Indexes {
  return { all: new FormIndex(forms), encoded: new FormIndex(forms.filter(({ kind }) => kind !== "plain")) };
}

function findSpans(bytes: string, indexes: Indexes): Span[] {
  const spans: Span[] = [];
  for (const view of viewsOf(bytes)) {
    const index = view.isSqueezed ? indexes.encoded : indexes.all;
    const add = ([start, end]: Span) => {
      spans.push([view.places?.starts[start] ?? start, view.places?.ends[end - 1] ?? end]);
    };
    for (const span of index.find(view.bytes, view)) add(span);
    if (!view.isSqueezed) for (const span of findCutSpans(view, index)) add(span);
  }
  return spans;
}

/** Parts of values whose beginning or end an excerpt has cut off. */
function* findCutSpans({ bytes }: TextView, index: FormIndex): Generator<Span> {
  let count = 0;
  for (let at = bytes.indexOf(cut); at !== -1; at = bytes.indexOf(cut, at + 1)) {
    const after = at + cut.length;
    if (++count > maxCuts) {
      const word = /^\S{4,}/.exec(bytes.slice(after, after + 4096))?.[0].length ?? 0;
      if (word > 0) yield [after, after + word];
      continue;
    }
    const end = index.endAt(bytes, after);
    if (end > 0) yield [after, after + end];
    const beginning = index.beginningBefore(bytes, at);
    if (beginning > 0) yield [at - beginning, at];
  }
  const last = bytes.length < longText ? 0 : index.beginningBefore(bytes, bytes.length);
  if (last > 0) yield [bytes.length - last, bytes.length];
}

/** The text with `***` for each part that is covered by one span or by several that overlap. */
function cover(bytes: string, spans: readonly Span[]): string {
  const parts: string[] = [];
  let done = 0;
  let open: Span | null = null;
  const close = () => {
    if (open === null) return;
    parts.push(bytes.slice(done, open[0]), "***");
    done = open[1];
  };
  for (const [start, end] of spans.toSorted((a, b) => a[0] - b[0] || b[1] - a[1])) {
    if (open !== null && start < open[1]) open = [open[0], Math.max(open[1], end)];
    else {
      close();
      open = [start, end];
    }
  }
  close();
  return parts.join("") + bytes.slice(done);
}
