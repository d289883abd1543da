/** The first place where a text is not JSON. */
export interface JsonFault {
  /** From 0, in UTF-16 code units. */
  offset: number;
  expected: string;
}

/**
 * Where a text stops being JSON (RFC 8259), or null. JSON.parse does not always say where it stopped, and a YAML parser
 * takes more than JSON: comments, commas at the end, single quotes. Nesting is followed without recursion.
 */
export function findJsonFault(text: string): JsonFault | null {
  const closers: ("}" | "]")[] = [];
  let rule: Rule = "value";
  let offset = 0;
  for (;;) {
    const { at, token } = nextToken(text, offset);
    if (token === "" && at >= text.length && rule === "end") return null;
    const next: Rule | null = token === "" ? null : step({ rule, token, closers });
    if (next === null) return { offset: at, expected: expectations[rule] };
    rule = next;
    offset = at + token.length;
  }
}

/** What may come next. */
type Rule = "value" | "value or ]" | "key" | "key or }" | ":" | ", or }" | ", or ]" | "end";

const expectations: Record<Rule, string> = {
  value: "a value",
  "value or ]": "a value or ]",
  key: "a key in double quotes",
  "key or }": "a key in double quotes or }",
  ":": "a colon",
  ", or }": "a comma or }",
  ", or ]": "a comma or ]",
  end: "the end of the file",
};

function nextToken(text: string, from: number): { at: number; token: string } {
  const at = endOf(/[ \t\r\n]*/y, { text, from });
  if (text[at] === '"') return { at, token: text.slice(at, endOfString(text, at)) };
  const pattern = /[{}[\],:]|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
  return { at, token: text.slice(at, endOf(pattern, { text, from: at })) };
}

/** In pieces: an expression for the whole of a long text would overflow the matcher's stack. */
function endOfString(text: string, from: number): number {
  for (let at = from + 1; ;) {
    // oxlint-disable-next-line no-control-regex
    at = endOf(/[^"\\\u0000-\u001f]*/y, { text, from: at });
    if (text[at] === '"') return at + 1;
    const next = endOf(/\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4})/y, { text, from: at });
    if (next === at) return from;
    at = next;
  }
}

/** Where the match that begins at `from` ends; `from` when there is none. */
function endOf(pattern: RegExp, { text, from }: { text: string; from: number }): number {
  pattern.lastIndex = from;
  return pattern.test(text) ? pattern.lastIndex : from;
}

function step({ rule, token, closers }: { rule: Rule; token: string; closers: ("}" | "]")[] }): Rule | null {
  const afterValue = (): Rule => {
    const closer = closers.at(-1);
    return closer === undefined ? "end" : closer === "}" ? ", or }" : ", or ]";
  };
  if (token === "}" || token === "]") {
    const fits = closers.at(-1) === token && rule.endsWith(` or ${token}`);
    closers.pop();
    return fits ? afterValue() : null;
  }
  if (token === ",") return rule === ", or }" ? "key" : rule === ", or ]" ? "value" : null;
  if (token === ":") return rule === ":" ? "value" : null;
  if (rule === "key" || rule === "key or }") return token.startsWith('"') ? ":" : null;
  if (rule !== "value" && rule !== "value or ]") return null;
  if (token !== "{" && token !== "[") return afterValue();
  closers.push(token === "{" ? "}" : "]");
  return token === "{" ? "key or }" : "value or ]";
}
