import { type Position, type Problem, type SourceFile, decodeUtf8, problemOf } from "@keelson/model";

/** Anything larger is not a document that a person wrote. */
const maxDocumentBytes = 256 * 1024;

/** A document's text with its lines. */
export interface DocumentText {
  file: string;
  text: string;
  /** The place of an offset in UTF-16 code units. */
  positionAt: (offset: number) => Position;
  lineText: (line: number) => string;
}

/** A problem at an offset of a text. */
export function problemIn(
  document: DocumentText,
  said: { offset: number; code: string; path?: string; message: string; hint?: string | undefined },
): Problem {
  const { code, path = "", message, hint } = said;
  const { line, column } = document.positionAt(said.offset);
  const problem: Problem = { code, file: document.file, line, column, path, message };
  if (hint !== undefined) problem.hint = hint;
  return { ...problem, sourceLine: document.lineText(line) };
}

/** The text of a document, or why its bytes cannot be one. Never throws. */
export function readText(file: SourceFile): DocumentText | Problem {
  const kibibytes = Math.ceil(file.bytes.byteLength / 1024);
  if (file.bytes.byteLength > maxDocumentBytes) {
    return problemOf(file.path, {
      code: "K1006",
      message: `the file has ${kibibytes} KiB; a document may have ${maxDocumentBytes / 1024}`,
      hint: "move what is large into a file of the package",
    });
  }
  const text = new TextDecoder().decode(file.bytes);
  const document = withLines(file.path, text);
  const fault = faultOf(file.bytes, text);
  if (fault === null) return document;
  return problemIn(document, { code: "K1001", ...fault });
}

function faultOf(bytes: Uint8Array, text: string) {
  // YAML 1.2, section 5.1: these are no characters of a document, and no editor shows them.
  // oxlint-disable-next-line no-control-regex
  const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.exec(text);
  if (control !== null) {
    const name = control[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
    const message = `control character U+${name}`;
    return { message, hint: 'remove it, or write it as "\\u…" in quotes', offset: control.index };
  }
  if (decodeUtf8(bytes) !== null) return null;
  // Decoding put U+FFFD where the bytes are wrong.
  const offset = Math.max(0, text.indexOf("\uFFFD"));
  return { message: "the file is not UTF-8 text", hint: "save it as UTF-8", offset };
}

function withLines(file: string, text: string): DocumentText {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  const lineOf = (offset: number): number => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
  return {
    file,
    text,
    positionAt: (offset) => {
      const line = lineOf(Math.min(offset, text.length));
      return { line, column: Math.min(offset, text.length) - (starts[line - 1] ?? 0) + 1 };
    },
    lineText: (line) => text.slice(starts[line - 1] ?? text.length, starts[line] ?? text.length).trimEnd(),
  };
}
