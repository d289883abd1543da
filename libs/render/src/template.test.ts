import { secretsIn } from "@keelson/model";
import { describe, expect, test } from "vitest";

import { TemplateBudget } from "./template-budget.ts";
import { holdsPlaceholder, renderTemplate } from "./template.ts";

const context = {
  settings: {
    domain: "example.org",
    mail: { from: "a@example.org" },
    list: ["a", "b"],
    none: null,
    on: true,
    many: 3,
  },
  node: { name: "one", roles: ["core"] },
  release: { name: "sample", version: "1.0.0" },
  requires: { "document-store": { project: "lab-storage" } },
};
const secrets = { adminKey: "sample.adminKey", other: "sample.other" };

function run(text: string, incomplete: string[] = []) {
  return renderTemplate({
    text,
    file: "x.liquid",
    context,
    secrets,
    incomplete,
    budget: new TemplateBudget(),
  });
}

/** The text, or a line for each problem. */
function shown(text: string): string {
  const result = run(text);
  if (result.text !== null) return result.text;
  return result.problems
    .map(({ code, line, column, message, hint }) => `${code} ${line}:${column} ${message} | ${hint}`)
    .join("\n");
}

describe("a template", () => {
  test.each([
    ["{{ settings.domain }} {{ settings.many }} {{ settings.on }}", "example.org 3 true"],
    ["{{ requires['document-store'].project }}", "lab-storage"],
    ["{{ settings.list | join: ', ' }} {{ settings.mail | json }}", 'a, b {"from":"a@example.org"}'],
    ["{% for each in settings.list %}[{{ each }}]{% endfor %}", "[a][b]"],
    ["{% if settings.nope %}yes{% else %}no{% endif %}", "no"],
    ["{{ settings.nope | default: 'other' }}", "other"],
    ["[{{ settings.none }}]", "[]"],
    ["{% raw %}{{ literally }}{% endraw %}", "{{ literally }}"],
    ["{% assign x = settings.domain | upcase %}{{ x }}{% comment %} {{ y }} {% endcomment %}", "EXAMPLE.ORG"],
  ])("%s", (text, expected) => {
    expect(shown(text)).toBe(expected);
  });

  test("says of an undefined variable where it is and what was meant", () => {
    expect(shown("a\n  {{ settings.domian }}")).toMatchInlineSnapshot(
      `"K1302 2:6 undefined variable \`settings.domian\` | Did you mean \`settings.domain\`?"`,
    );
    expect(run("a\n  {{ settings.domian }}").problems[0]?.sourceLine).toBe("  {{ settings.domian }}");
    expect(shown("{{ settings.colour }}")).toMatchInlineSnapshot(
      `"K1302 1:4 undefined variable \`settings.colour\` | \`settings\` has: domain, list, mail, many, none, on. Settings come from the release's settings schema (default) and the environment."`,
    );
    expect(shown("{{ setings.domain }}")).toMatchInlineSnapshot(
      `"K1302 1:4 undefined variable \`setings\` | Did you mean \`settings\`?"`,
    );
    expect(shown("{{ requires.cache.project }}")).toMatchInlineSnapshot(
      `"K1302 1:4 undefined variable \`requires.cache\` | \`requires\` has: document-store. List the interface under requires or optional in package.yaml; a provider must be on this node."`,
    );
    expect(shown("{{ secrets.admin }} {{ secrets.password }}")).toMatchInlineSnapshot(`
      "K1302 1:4 undefined variable \`secrets.admin\` | \`secrets\` has: adminKey, other. Declare secrets in release.yaml.
      K1302 1:24 undefined variable \`secrets.password\` | \`secrets\` has: adminKey, other. Declare secrets in release.yaml."
    `);
    expect(shown("{{ settings['no such'] }}")).toMatchInlineSnapshot(
      `"K1302 1:4 undefined variable \`settings.no such\` | \`settings\` has: domain, list, mail, many, none, on. Settings come from the release's settings schema (default) and the environment."`,
    );
    expect(shown("{{ settings.list[7] }}")).toMatchInlineSnapshot(
      `"K1302 1:4 undefined variable \`settings.list.7\` | \`settings.list\` is a list of 2, from 0."`,
    );
  });

  test("says everything that is wrong at once, also inside of blocks, and each thing once", () => {
    expect(
      shown(
        "{{ one }}\n{% if settings.on %}{{ two }}{% for i in (1..50) %}\n{{ three }}{% endfor %}{% endif %}{{ four | nope }}",
      ),
    ).toMatchInlineSnapshot(`"K1301 3:35 unknown filter \`nope\` | did you mean \`pop\`?"`);
    expect(
      shown(
        "{{ one }}\n{% if settings.on %}{{ two }}{% for i in (1..50) %}\n{{ three }}{% endfor %}{% endif %}",
      ),
    ).toMatchInlineSnapshot(`
      "K1302 1:4 undefined variable \`one\` | Templates see: node, release, requires, secrets, settings.
      K1302 2:24 undefined variable \`two\` | Templates see: node, release, requires, secrets, settings.
      K1302 3:4 undefined variable \`three\` | Templates see: node, release, requires, secrets, settings."
    `);
    expect(run(Array.from({ length: 100 }, (_, index) => `{{ x${index} }}`).join("")).problems).toHaveLength(
      20,
    );
  });

  test("says what is wrong in its grammar", () => {
    expect(shown("a\n{% if settings.on %}")).toMatchInlineSnapshot(
      `"K1301 2:1 template: tag {% if settings.on %} not closed | Write {{ value }} or {% tag %}; put literal text between {% raw %} and {% endraw %}."`,
    );
    expect(shown("{{ settings.domain")).toMatchInlineSnapshot(
      `"K1301 1:1 template: output "{{ settings.domain" not closed | Write {{ value }} or {% tag %}; put literal text between {% raw %} and {% endraw %}."`,
    );
    expect(shown("{% endif %}")).toMatchInlineSnapshot(
      `"K1301 1:1 unknown tag \`endif\` | Remove it, or open the tag that it belongs to before it."`,
    );
    expect(shown("{% fro i in settings.list %}{% endfro %}")).toMatchInlineSnapshot(`
      "K1301 1:1 unknown tag \`fro\` | tags: #, assign, break, capture, case, comment, continue, cycle, echo, for, if, liquid, raw, tablerow, unless
      K1301 1:29 unknown tag \`endfro\` | Remove it, or open the tag that it belongs to before it."
    `);
    expect(shown("{{ settings.domain | upcas }}")).toMatchInlineSnapshot(
      `"K1301 1:1 unknown filter \`upcas\` | did you mean \`upcase\`?"`,
    );
    expect(shown("{{ }}")).toMatchInlineSnapshot(
      `"K1301 1:4 template: invalid value expression: "" | Write {{ value }} or {% tag %}; put literal text between {% raw %} and {% endraw %}."`,
    );
  });

  test.each(["include", "render", "layout", "block"])("has no tag %s: a template stands alone", (tag) => {
    expect(shown(`{% ${tag} 'other' %}`)).toContain(
      `unknown tag \`${tag}\` | Write the text here: a template cannot use other files.`,
    );
  });

  test.each(["increment", "decrement"])("cannot %s what the next one sees", (tag) => {
    expect(shown(`{% ${tag} settings %}`)).toContain(`unknown tag \`${tag}\``);
    expect(shown("{{ settings.domain }}")).toBe("example.org");
  });

  test.each(["date: '%Y'", "sample", "date_to_string"])("has no filter %s: it is not pure", (filter) => {
    expect(shown(`{{ settings.list | ${filter} }}`)).toContain("unknown filter");
    expect(shown(`{{ settings.list | ${filter} }}`)).toContain("its result changes with the time");
  });

  test.each([
    "{{ settings.constructor }}",
    "{{ settings.__proto__ }}",
    "{{ settings.domain.constructor.name }}",
    "{{ constructor }}",
    "{{ settings['toString'] }}",
    "{{ settings.list.map }}",
  ])("sees nothing of the language it is made with: %s", (text) => {
    expect(shown(text)).toContain("K1302");
  });

  test.each([
    ["x".repeat(250_001), "is too long"],
    ["{% if settings.on %}".repeat(12_000), "nested too deeply"],
    ["{{ nope }}".repeat(24_000), "undefined variable"],
    ["{{ nope }}".repeat(1_500), "undefined variable"],
  ])("ends, whatever it is (%#)", (text, message) => {
    const [problem] = run(text).problems;
    expect(problem?.message).toContain(message);
    expect(problem?.sourceLine?.length ?? 0).toBeLessThan(501);
  });

  test("does not write what has no text of its own", () => {
    expect(shown("{{ settings }}")).toMatchInlineSnapshot(
      `"K1301 1:1 a map cannot be written as text | Write one of its keys, or all of it with \`| json\`."`,
    );
    expect(shown("{% if true %}\n {{ settings.list }}{% endif %}")).toMatchInlineSnapshot(
      `"K1301 2:2 a list cannot be written as text | Write it with {% for %}, with \`| join: ", "\` or with \`| json\`."`,
    );
    expect(shown("{% echo settings.mail %}")).toContain("a map cannot be written as text");
    expect(shown("{{ 1 | divided_by: 0 }}")).toMatchInlineSnapshot(
      `"K1301 1:1 the result is not a number (Infinity) | Look for a division by zero."`,
    );
  });

  test("is the same whatever was rendered before, and leaves its context as it is", () => {
    const before = structuredClone(context);
    const first = shown(
      "{% assign settings = 'gone' %}{% capture node %}x{% endcapture %}{{ settings }}{{ node }}",
    );
    expect(first).toBe("gonex");
    expect(shown("{{ settings.domain }}{{ node.name }}")).toBe("example.orgone");
    expect(context).toEqual(before);
  });
});

describe("a secret", () => {
  test("is a placeholder with its full name", () => {
    expect(run("a: {{ secrets.adminKey }}\nb: {{ secrets.adminKey | append: 'x' }}")).toEqual({
      text: "a: __keelson-secret:sample.adminKey__\nb: __keelson-secret:sample.adminKey__x",
      secrets: ["sample.adminKey"],
      problems: [],
    });
  });

  test("is named only when it is used", () => {
    expect(run("{% if false %}{{ secrets.adminKey }}{% endif %}")).toMatchObject({ text: "", secrets: [] });
    expect(run("{{ secrets.other }}{{ secrets.adminKey }}")).toMatchObject({
      secrets: ["sample.adminKey", "sample.other"],
    });
  });

  test.each([
    "base64_encode",
    "upcase",
    "sha256",
    "slice: 0, 5",
    "replace: 'a', 'b'",
    "url_encode",
    "split: ''",
  ])("cannot go through the filter %s, which would see what only stands for it", (filter) => {
    expect(shown(`{% assign key = secrets.adminKey %}\n{{ key | ${filter} }}`)).toContain(
      `K1309 2:1 the filter ${filter.split(":")[0]} cannot change a secret`,
    );
  });

  test("cannot be an argument of such a filter either", () => {
    expect(shown("{{ 'abc' | hmac_sha256: secrets.adminKey }}")).toContain("K1309");
    expect(shown("{{ settings.list | push: secrets.adminKey | join }}")).toContain("K1309");
  });

  test("cannot be had by spelling out what stands for it", () => {
    expect(shown("a\nkey: __keelson-secret:other.rootKey__")).toMatchInlineSnapshot(
      `"K1309 2:1 the text contains the placeholder of a secret | Write {{ secrets.<name> }} instead, in a .liquid template of the secret's own release."`,
    );
  });

  test("cannot be had by settings that spell it out, in one piece or in two", () => {
    const settings = {
      a: "__keelson-",
      b: "secret:sample.adminKey__",
      whole: "__keelson-secret:sample.adminKey__",
    };
    const see = (text: string) =>
      renderTemplate({
        text,
        file: "x.liquid",
        context: { settings },
        secrets,
        incomplete: [],
        budget: new TemplateBudget(),
      });
    expect(see("{{ settings.whole }}").problems[0]?.code).toBe("K1309");
    expect(see("{{ settings.a }}{{ settings.b }}").problems[0]?.code).toBe("K1309");
    expect(see("{{ settings.a }}").problems).toEqual([]);
  });

  test.each([
    ["1:1", "{% if secrets.adminKey contains 'x' %}yes{% endif %}"],
    ["1:1", "{% if secrets.adminKey == secrets.other %}yes{% endif %}"],
    ["1:1", "{% if secrets.adminKey == 'guess' %}yes{% endif %}"],
    ["1:1", "{% unless 'a' < secrets.adminKey %}yes{% endunless %}"],
    ["1:1", "{% case secrets.adminKey %}{% when 'a' %}yes{% else %}no{% endcase %}"],
    ["1:1", "{% case 'a' %}{% when secrets.adminKey %}yes{% else %}no{% endcase %}"],
    ["1:4", "{{ secrets.adminKey.size }}"],
    ["1:4", "{{ secrets.adminKey[0] }}"],
    ["1:4", "{{ secrets.adminKey.first }}"],
    ["1:1", "{% for i in (1..secrets.adminKey) %}{{ i }}{% endfor %}"],
    ["1:1", "{{ settings.list | where: 'x', secrets.adminKey | json }}"],
    ["1:1", "{{ settings.list | push: secrets.adminKey | sort | json }}"],
  ])("is not looked into (%s %s)", (place, text) => {
    expect(shown(text)).toMatch(new RegExp(`^K1309 ${place} .* cannot (look into|change) a secret`));
  });

  test.each([
    ["{% if secrets.adminKey %}set{% endif %}", "set"],
    ["{% if secrets.adminKey != blank and secrets.adminKey != '' %}set{% endif %}", "set"],
    ["{% if secrets.adminKey == nil or settings.on == false %}{% else %}set{% endif %}", "set"],
    ["{% for each in secrets %}{{ each[0] }} {% endfor %}", "adminKey other "],
    [
      "{{ secrets | json }}",
      `{"adminKey":"__keelson-secret:sample.adminKey:json__","other":"__keelson-secret:sample.other:json__"}`,
    ],
  ])("may be asked whether it is there: %s", (text, expected) => {
    expect(shown(text)).toBe(expected);
  });

  test("is written with the escapes of JSON by the filter for that, and only once", () => {
    expect(run("a: {{ secrets.other | prepend: 'x:' | json }} b: {{ secrets.other }}")).toMatchObject({
      text: 'a: "x:__keelson-secret:sample.other:json__" b: __keelson-secret:sample.other__',
      secrets: ["sample.other"],
    });
    expect(shown("{{ secrets.other | json | json }}")).toContain(
      "K1309 1:1 the filter json after another one",
    );
    expect(shown("{{ secrets.other | inspect }}")).toContain("K1309 1:1 the filter inspect");
    expect(shown("x: __keelson-secret:other.rootKey:json__")).toContain("K1309");
  });

  test("is paid for wherever it stands: its value may be long", () => {
    const text = "{% for i in (1..5000) %}{{ secrets.other }}{% endfor %}";
    expect(shown(text)).toMatch(/^K1315 .* too much text/);
    expect(run(text.replace("5000", "500")).problems).toEqual([]);
  });

  test("that nobody declared is undefined", () => {
    expect(shown("{{ secrets.__proto__ }}")).toContain("K1302");
  });
});

test("a placeholder is found wherever it begins", () => {
  expect(holdsPlaceholder("x__keelson-secret:a.b__")).toBe(true);
  expect(holdsPlaceholder("keelson-secret")).toBe(false);
});

describe("where not all settings are known", () => {
  test("what is missing below them is no problem, and every other mistake is", () => {
    const text = "{{ settings.nothing }} {{ node.nothing }}";
    const messages = (incomplete: string[]) => run(text, incomplete).problems.map(({ message }) => message);
    expect(messages([])).toEqual([
      "undefined variable `settings.nothing`",
      "undefined variable `node.nothing`",
    ]);
    expect(messages(["settings"])).toEqual(["undefined variable `node.nothing`"]);
    expect(run("{{ settings.nothing }}", ["settings"])).toEqual({ text: null, problems: [] });
  });
});

test("a secret whose name begins that of another one is another one", () => {
  const secrets = { A: "wiki.A", A__B: "wiki.A__B" };
  const text = "{{ secrets.A__B }}_{{ secrets.A }}__B__{{ secrets.A__B | json }}";
  const result = renderTemplate({
    text,
    file: "a.liquid",
    context: {},
    secrets,
    incomplete: [],
    budget: new TemplateBudget(),
  });
  expect(secretsIn(result.text ?? "")).toEqual(["wiki.A__B", "wiki.A"]);
});
