/** The tokens of JSON (RFC 8259): punctuation, a text that may also be a key, another value. */
const tokenPattern = new RegExp(
  [
    String.raw`[ \t\r\n]*(?:([{}[\],:])`,
    String.raw`("(?:[^"\\\p{Cc}]|[\x7f-\x9f]|\\["\\/bfnrt]|\\u[\dA-Fa-f]{4})*")`,
    String.raw`(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null))`,
  ].join("|"),
  "uy",
);

type Expected = "value" | "value-or-end" | "key" | "key-or-end" | "colon" | "comma-or-end" | "nothing";

const wanted: Record<Expected, string> = {
  value: "a value",
  "value-or-end": "a value or ]",
  key: "a key in double quotes",
  "key-or-end": "a key in double quotes or }",
  colon: "a colon",
  "comma-or-end": "a comma or the closing bracket",
  nothing: "the end of the file",
};

/**
 * The first place where a text is not JSON, or null. YAML contains JSON but is laxer (comments, trailing
 * commas, single quotes), and JSON.parse does not always say where it stopped.
 */
export function findJsonFault(text: string): { offset: number; message: string } | null {
  const open: ("{" | "[")[] = [];
  let expected: Expected = "value";
  let offset = 0;
  while (offset < text.length) {
    tokenPattern.lastIndex = offset;
    const match = tokenPattern.exec(text);
    const next: Expected | null = match === null ? null : follow(expected, match, open);
    if (next === null) break;
    expected = next;
    offset = tokenPattern.lastIndex;
  }
  const rest = text.slice(offset).search(/[^ \t\r\n]/);
  if (rest < 0 && expected === "nothing") return null;
  return {
    offset: rest < 0 ? text.length : offset + rest,
    message: `not JSON: expected ${wanted[expected]}`,
  };
}

/** What may come after a token, or null when the token may not stand here. */
function follow(expected: Expected, match: RegExpExecArray, open: ("{" | "[")[]): Expected | null {
  const [, mark, text] = match;
  const afterValue = (): Expected => (open.length === 0 ? "nothing" : "comma-or-end");
  if (mark === "}" || mark === "]") {
    const empty = mark === "}" ? "key-or-end" : "value-or-end";
    const opened = mark === "}" ? "{" : "[";
    if ((expected !== "comma-or-end" && expected !== empty) || open.pop() !== opened) return null;
    return afterValue();
  }
  if (mark === ",") return expected === "comma-or-end" ? (open.at(-1) === "{" ? "key" : "value") : null;
  if (mark === ":") return expected === "colon" ? "value" : null;
  if (expected === "key" || expected === "key-or-end") return text === undefined ? null : "colon";
  if (expected !== "value" && expected !== "value-or-end") return null;
  if (mark === undefined) return afterValue();
  open.push(mark === "{" ? "{" : "[");
  return mark === "{" ? "key-or-end" : "value-or-end";
}
