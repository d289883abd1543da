import { filters } from "liquidjs";
import { describe, expect, test } from "vitest";

import { TemplateBudget, instanceLimits, newBudgets, nodeLimits } from "./template-budget.ts";
import { impureFilters, vocabulary } from "./template-engine.ts";
import { renderTemplate } from "./template.ts";

const many = Array.from({ length: 5_000 }, (_, index) => [`key${index}`, `value ${index}`]);
const context = {
  settings: {
    domain: "example.org",
    map: Object.fromEntries(many),
    hosts: many.slice(0, 200).map(([key, value]) => ({ name: key, note: value, ports: [1, 2, 3] })),
  },
};

function run(text: string, budget = new TemplateBudget()) {
  return {
    ...renderTemplate({ text, file: "x.liquid", context, secrets: {}, incomplete: [], budget }),
    budget,
  };
}

/** A text that doubles with each turn. */
const twice = (filter: string) =>
  `{% assign a = "xx" %}{% for i in (1..60) %}{% assign a = a | ${filter} %}{% endfor %}`;
/** A list of two lists of two lists. */
const nested = (turns: number) =>
  `{% assign a = "x" | split: "," %}{% for i in (1..${turns}) %}{% assign b = a | slice: 0, 0 %}{% assign a = b | push: a | push: a %}{% endfor %}`;
const long = (characters: number) =>
  `{% assign a = "x" %}{% for i in (1..${Math.ceil(Math.log2(characters))}) %}{% assign a = a | append: a %}{% endfor %}`;

describe("a template that costs more than it may is a problem where it does", () => {
  test.each([
    ["a loop", "{% for i in (1..1000000000) %}x{% endfor %}"],
    [
      "loops in loops",
      "{% for i in (1..90000) %}{% for j in (1..90000) %}{% assign k = j %}{% endfor %}{% endfor %}",
    ],
    ["short loops in loops", `${"{% for i in (1..100) %}".repeat(6)}x${"{% endfor %}".repeat(6)}`],
    [
      "capture",
      `{% capture a %}xx{% endcapture %}{% for i in (1..60) %}{% capture a %}{{a}}{{a}}{% endcapture %}{% endfor %}`,
    ],
    [
      "capture of a long text",
      `{% capture a %}${"x".repeat(4000)}{% endcapture %}{% for i in (1..60000) %}{% capture b %}{{ a }}{% endcapture %}{% endfor %}`,
    ],
    ["append", twice("append: a")],
    ["prepend", twice("prepend: a")],
    ["replace", twice('replace: "x", "xxxxxxxxxxxx"')],
    ["replace of nothing", twice('replace: "", "xxxxxx"')],
    ["join", '{% assign a = (1..1000) | join: "x" %}{% assign b = (1..100000) | join: a %}'],
    [
      "split and join",
      `{% assign a = "xx" %}{% for i in (1..60) %}{% assign b = a | split: "" %}{% assign a = b | join: a %}{% endfor %}`,
    ],
    ["concat", `{% assign a = (1..10) %}{% for i in (1..60) %}{% assign a = a | concat: a %}{% endfor %}`],
    ["lists of lists", `${nested(60)}{{ a | json }}`],
    ["lists of lists as text", `${nested(50)}{{ a | join }}`],
    [
      "lists of lists compared",
      `${nested(50)}{% assign c = a | concat: b %}{% if a == c %}{% endif %}{% if a contains a %}{% endif %}`,
    ],
    [
      "lists of lists in a case",
      `${nested(50)}{% assign c = a | slice: 0, 2 %}{% case a %}{% when c %}{% endcase %}`,
    ],
    ["lists of lists sorted", `${nested(50)}{% assign c = a | concat: a | sort %}`],
    ["lists nested without end", nested(500)],
    ["escape", twice("append: '&' | escape | append: '&&&&&' | escape")],
    ["url_encode", `${long(1e6)}{% for i in (1..100) %}{% assign b = a | url_encode %}{% endfor %}`],
    ["base64_encode", twice("base64_encode | base64_encode | base64_encode")],
    [
      "newline_to_br",
      `${long(1e6)}{% assign b = a | replace: "x", "\\n" %}{% for i in (1..100) %}{{ b | newline_to_br }}{% endfor %}`,
    ],
    ["upcase", `${long(1e6)}{% for i in (1..1000) %}{% assign b = a | upcase %}{% endfor %}`],
    [
      "json with spaces",
      `{% assign a = "x" | split: "," %}{% for i in (1..90) %}{% assign b = a | slice: 0, 0 %}{% assign a = b | push: a %}{% endfor %}{% for i in (1..10000) %}{% assign c = a | json: 10 %}{% endfor %}`,
    ],
    ["json of all settings", `{% for i in (1..100000) %}{% assign a = settings | json %}{% endfor %}`],
    ["a range above 2^53", "{% for i in (9007199254740992..9007199254740994) %}x{% endfor %}"],
    ["a range by texts", `{% for i in ("9007199254740992".."9007199254740994") %}x{% endfor %}`],
    [
      "a range in an expression",
      `{% assign a = settings.hosts | where_exp: "x", "(1..1000000000) contains x" %}`,
    ],
    ["a range as a property", `{% assign a = settings.hosts | where: "[(1..1000000000)]" %}`],
    [
      "a range the wrong way, and then one",
      "{% assign a = (1000000000..1) %}{% assign b = (1..1000000000) %}",
    ],
    ["an endless range", "{% assign a = 1 | divided_by: 0 %}{% for i in (1..a) %}{% endfor %}"],
    [
      "contains",
      `${long(4e6)}{% assign b = a | slice: 0, 500000 | prepend: "y" %}{% if a contains b %}{% endif %}`,
    ],
    [
      "split by a long text",
      `${long(4e6)}{% assign b = a | slice: 0, 500000 | prepend: "y" %}{% assign c = a | split: b %}`,
    ],
    [
      "remove of a long text",
      `${long(4e6)}{% assign b = a | slice: 0, 500000 | prepend: "y" %}{{ a | remove: b | size }}`,
    ],
    [
      "comparing long texts",
      `${long(4e6)}{% assign b = a | append: "" %}{% for i in (1..100000) %}{% if a == b %}{% endif %}{% endfor %}`,
    ],
    [
      "case of long texts",
      `${long(4e6)}{% assign b = a | append: "" %}{% for i in (1..100000) %}{% case a %}{% when b, b, b, b %}{% endcase %}{% endfor %}`,
    ],
    ["a map of many keys", "{% for i in (1..1000000) %}{{ settings.map.size }}{% endfor %}"],
    [
      "a loop over a map of many keys",
      "{% for i in (1..200000) %}{% for j in settings.map limit: 1 %}{% endfor %}{% endfor %}",
    ],
    [
      "a long list the other way",
      "{% assign a = (1..100000) %}{% for i in (1..200000) %}{% for j in a reversed %}{% break %}{% endfor %}{% endfor %}",
    ],
    ["tablerow", "{% for i in (1..90) %}{% tablerow j in (1..90000) cols: 1 %}{% endtablerow %}{% endfor %}"],
    ["cycle", `${long(1e6)}{% for i in (1..1000) %}{% cycle a, a %}{% endfor %}`],
    ["echo", `${long(1e6)}{% for i in (1..1000) %}{% echo a %}{% endfor %}`],
    ["liquid", `{% liquid\nassign a = "xx"\nfor i in (1..60)\nassign a = a | append: a\nendfor\n%}`],
    ["group_by", "{% for i in (1..100000) %}{% assign a = settings.hosts | group_by: 'name' %}{% endfor %}"],
    ["sort", "{% for i in (1..100000) %}{% assign a = settings.hosts | sort: 'note' %}{% endfor %}"],
    ["map by a long name", `${long(1e6)}{% assign b = settings.hosts | map: a %}`],
    ["push", "{% assign a = (1..3) %}{% for i in (1..100000) %}{% assign a = a | push: i %}{% endfor %}"],
    [
      "strip_html",
      `{% assign a = "<" %}{% for i in (1..20) %}{% assign a = a | append: a %}{% endfor %}{% for i in (1..1000) %}{% assign b = a | strip_html %}{% endfor %}`,
    ],
    ["tags in tags", "{% if true %}".repeat(200) + "{% endif %}".repeat(200)],
  ])("%s", (_, text) => {
    const { text: made, problems } = run(`first line\n${text}`);
    expect(made).toBeNull();
    expect(problems.map(({ code }) => code)).toEqual([expect.stringMatching(/^K1315$|^K1301$/)]);
    expect(problems[0]?.message).toMatch(/too much text|too long|deep|not a whole number/);
  });

  test("at its line and column, and only once", () => {
    const budget = new TemplateBudget({ made: 1000, steps: 100_000 });
    const text = "a\n{% for i in (1..3) %}\n  {% assign a = settings.map | json %}\n{% endfor %}{{ b }}";
    expect(run(text, budget).problems).toEqual([
      expect.objectContaining({
        code: "K1315",
        line: 3,
        column: 3,
        sourceLine: "  {% assign a = settings.map | json %}",
      }),
    ]);
    expect(run("{{ settings.domain }}", budget)).toMatchObject({ text: null, problems: [] });
  });

  test.each([
    ["tags", "{%#%}"],
    ["outputs", "{{1}}"],
  ])("for the parsing of many %s, too", (_, text) => {
    const budget = new TemplateBudget();
    const runs = [1, 2].map(() => run(text.repeat(49_000), budget).problems.map(({ code }) => code));
    expect(runs).toEqual([[], ["K1315"]]);
  });

  test("for all texts that are paid from one budget together", () => {
    const budget = new TemplateBudget();
    const text = `${long(500_000)}{{ a }}`;
    const codes = Array.from({ length: 20 }, () => run(text, budget).problems.map(({ code }) => code));
    expect(codes[0]).toEqual([]);
    expect(codes.flat()).toEqual(["K1315"]);
  });
});

describe("what people write costs little", () => {
  test.each([
    [
      "a file for each of many hosts",
      "{% for h in settings.hosts %}[{{ h.name | upcase | escape }}]\nnote={{ h.note | replace: ' ', '_' | append: '!' }}\n{% for p in h.ports %}port={{ p | plus: 1000 }}\n{% endfor %}{% endfor %}",
      2,
    ],
    ["all settings as JSON", "{{ settings | json: 2 }}", 15],
    [
      "lists that grow",
      "{% assign a = '' | split: ',' %}{% for h in settings.hosts %}{% assign a = a | push: h.name %}{% endfor %}{{ a | sort | uniq | join: ', ' }}",
      4,
    ],
    [
      "a look-up in a list for each item",
      "{% for h in settings.hosts %}{% assign f = settings.hosts | where: 'name', h.name | first %}{{ f.note }}{% endfor %}",
      40,
    ],
    [
      "a table of a hundred by a hundred",
      "{% for i in (1..100) %}{% for j in (1..100) %}{{ i | times: j }} {% endfor %}\n{% endfor %}",
      8,
    ],
    [
      "captured parts",
      "{% for h in settings.hosts %}{% capture line %}{{ h.name }}={{ h.note }}{% endcapture %}{{ line | strip }}\n{% endfor %}",
      2,
    ],
    ["a long text as it is", "0123456789 ".repeat(20_000), 3],
  ])("%s", (_, text, percent) => {
    const { text: made, budget } = run(text);
    expect(made?.length).toBeGreaterThan(0);
    expect((budget.spent.made / instanceLimits.made) * 100).toBeLessThan(percent);
    expect((budget.spent.steps / instanceLimits.steps) * 100).toBeLessThan(percent);
  });

  test("and every filter of the library that is pure is there", () => {
    const expected = Object.keys(filters).filter((name) => !impureFilters.includes(name));
    expect(vocabulary.filters.sort()).toEqual(expected.sort());
  });
});

describe("the budgets of a node's instances", () => {
  test.each([4, 5, 100, 1000])("let each of %i have its part, whatever the others do", (count) => {
    const next = newBudgets(count);
    const budgets = Array.from({ length: count }, () => {
      const budget = next();
      expect(() => {
        budget.make(Number.POSITIVE_INFINITY);
      }).toThrow(/too much text/);
      return budget;
    });
    const parts = budgets.map(({ limits }) => limits.made);
    expect(Math.min(...parts)).toBeGreaterThanOrEqual(Math.floor(nodeLimits.made / (2 * count)) - 1);
    expect(Math.max(...parts)).toBe(instanceLimits.made);
    expect(parts.reduce((sum, part) => sum + part, 0)).toBeLessThanOrEqual(nodeLimits.made);
  });

  test("leave to others what an instance does not need", () => {
    const next = newBudgets(100);
    const limits = Array.from({ length: 100 }, () => next().limits.made);
    expect(new Set(limits)).toEqual(new Set([instanceLimits.made]));
  });
});
