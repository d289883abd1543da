import { type ValueForm, minValueLength } from "./value-form.ts";

/** Forms of this length and more are found by so many of their first bytes, shorter ones by fewer. */
const longKey = 8;

/** From the first byte to the one after the last. */
export type Span = readonly [number, number];

/** Finds many forms in one pass: the time grows with the text, not with the number of forms. */
export class FormIndex {
  readonly #byLength = new Map<number, Map<string, string[]>>();
  /** By two bytes that a form begins with: most places of a text are dismissed by it. */
  readonly #beginnings = new Uint8Array(1 << 16);
  readonly #base64: ReadonlySet<string>;
  /** All forms in one text, to find what begins in the midst of one. */
  readonly #joined: string;

  constructor(forms: readonly ValueForm[]) {
    const all = [...new Set(forms.map(({ bytes }) => bytes))];
    this.#base64 = new Set(forms.filter(({ kind }) => kind === "base64").map(({ bytes }) => bytes));
    for (const bytes of all.toSorted((a, b) => b.length - a.length)) {
      const length = bytes.length < longKey ? minValueLength : longKey;
      const byKey = this.#byLength.get(length) ?? new Map<string, string[]>();
      this.#byLength.set(length, byKey);
      const key = bytes.slice(0, length);
      const others = byKey.get(key);
      if (others === undefined) byKey.set(key, [bytes]);
      else others.push(bytes);
      this.#beginnings[twoBytes(bytes, 0)] = 1;
    }
    this.#joined = `\n\n${all.join("\n\n")}\n\n`;
  }

  /** Where forms stand in a text, also overlapping ones. In a text without white space, neighbours do not count. */
  *find(text: string, { isSqueezed }: { isSqueezed: boolean }): Generator<Span> {
    for (let at = 0; at + minValueLength <= text.length; at++) {
      if (this.#beginnings[twoBytes(text, at)] === 0) continue;
      for (const [length, byKey] of this.#byLength) {
        const form = byKey.get(text.slice(at, at + length))?.find((each) => text.startsWith(each, at));
        if (form === undefined) continue;
        const span = [at, at + form.length] as const;
        yield isSqueezed ? span : this.#withNeighbours(span, { text, form });
        break;
      }
    }
  }

  /** The characters beside a part of a base64 text hold bits of its first and last byte. */
  #withNeighbours([start, end]: Span, { text, form }: { text: string; form: string }): Span {
    if (!this.#base64.has(form)) return [start, end];
    const isOfBase64 = (at: number) => /^[\w+/-]$/.test(text.charAt(at));
    return [isOfBase64(start - 1) ? start - 1 : start, isOfBase64(end) ? end + 1 : end];
  }

  /** How many bytes of a text from a place on are the end of a form; 0 when none or too few. */
  endAt(text: string, at: number): number {
    return this.#longest(text.slice(at, at + minValueLength), (found) => {
      const end = this.#joined.indexOf("\n\n", found);
      return text.startsWith(this.#joined.slice(found, end), at) ? end - found : 0;
    });
  }

  /** How many bytes of a text before a place are the beginning of a form; 0 when none or too few. */
  beginningBefore(text: string, at: number): number {
    return this.#longest(text.slice(Math.max(0, at - minValueLength), at), (found) => {
      const start = this.#joined.lastIndexOf("\n\n", found) + 2;
      const part = this.#joined.slice(start, found + minValueLength);
      return text.startsWith(part, at - part.length) ? part.length : 0;
    });
  }

  #longest(key: string, lengthOf: (found: number) => number): number {
    let longest = 0;
    if (key.length < minValueLength || key.includes("\n")) return longest;
    for (let found = this.#joined.indexOf(key); found !== -1; found = this.#joined.indexOf(key, found + 1)) {
      longest = Math.max(longest, lengthOf(found));
    }
    return longest;
  }
}

function twoBytes(text: string, at: number): number {
  return (text.charCodeAt(at) << 8) | text.charCodeAt(at + 1);
}
