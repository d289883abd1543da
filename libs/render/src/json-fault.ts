/** The first place where a text is not JSON. */
export interface JsonFault {
  /** From 0, in UTF-16 code units. */
  offset: number;
  expected: string;
}

/**
 * Where a text stops being JSON (RFC 8259), or null. For texts that JSON.parse has refused: it does not always say
 * where. Nesting is followed without recursion.
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
  end: "nothing more",
};

function nextToken(text: string, from: number): { at: number; token: string } {
  const space = /[ \t\r\n]*/y;
  space.lastIndex = from;
  space.test(text);
  const at = space.lastIndex;
  const pattern =
    // oxlint-disable-next-line no-control-regex
    /[{}[\],:]|"(?:[^"\\\u0000-\u001f]|\\["\\/bfnrt]|\\u[\dA-Fa-f]{4})*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
  pattern.lastIndex = at;
  return { at, token: pattern.exec(text)?.[0] ?? "" };
}

function step(on: { rule: Rule; token: string; closers: ("}" | "]")[] }): Rule | null {
  const { rule, token, closers } = on;
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
