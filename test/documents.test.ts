import { existsSync, readFileSync, readdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import type { Command } from "commander";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { formatMetrics } from "../apps/agent/src/metrics.ts";
import { newRoundSummary } from "../apps/agent/src/test-round-summary.ts";
import { addRound, newTally } from "../apps/agent/src/watch-tally.ts";
import { findEntry } from "../apps/cli/src/commands/explain.ts";
import { exitCodes } from "../apps/cli/src/output.ts";
import { makeProgram } from "../apps/cli/src/program.ts";
import { Status, causeKinds, changeClasses, codeOf, compareText } from "../libs/model/src/index.ts";
import { readAgentConfig } from "../libs/node/src/index.ts";
import { type Example, makeExample, readPage, readPages } from "./documents/example.ts";
import { type Table, isExcerpt, linksOf, proseOf, stepsOf, tablesOf } from "./documents/markdown.ts";
import { findCodes } from "./documents/error-codes.ts";
import { fieldsOf } from "./documents/schema-fields.ts";
import { checkout, makeTempFolder } from "./support/index.ts";

const specPages = await readPages("docs/spec");
const rootPages = await Promise.all(
  ["README", "ARCHITECTURE", "CONTRIBUTING", "SECURITY", "CHANGELOG"].map((name) => readPage(`${name}.md`)),
);
const allPages = [
  ...rootPages,
  ...specPages,
  ...(await readPages("docs")),
  ...(await readPages("docs/decisions")),
];
const errorsPage = await readPage("docs/errors.md");
const pageOf = (name: string) => specPages.find(({ path }) => path === `docs/spec/${name}.md`) ?? errorsPage;

describe.each(specPages.filter(({ blocks }) => blocks.length > 0))("the examples of $path", (page) => {
  let example: Example;
  beforeAll(async () => {
    example = await makeExample(specPages);
  });
  afterAll(async () => example[Symbol.asyncDispose]());

  const consoles = page.blocks.filter(
    ({ language, attributes }) => language === "console" && !("engine" in attributes),
  );
  it.each(consoles)("answer what is shown in line $line", async (block) => {
    expect(await example.run(block)).toBeNull();
  });

  const wrong = page.blocks.filter(({ attributes }) => "wrong" in attributes && "file" in attributes);
  it.each(wrong)("have $attributes.wrong in line $line", async (block) => {
    // What follows from it may be said as well.
    expect(await example.findCodes(block)).toContain(block.attributes["wrong"]);
  });

  const configs = page.blocks.filter(({ attributes }) => "agent" in attributes);
  it.each(configs)("are configurations of an agent in line $line", async ({ text, attributes }) => {
    await using folder = await makeTempFolder();
    const path = folder.join("agent.yaml");
    await writeFile(path, text);
    const code = attributes["wrong"];
    expect(codeThrownBy(() => readAgentConfig(path))).toBe(code);
  });
});

describe("the tables of fields", () => {
  const schemas = ["release", "package", "local-package", "environment", "node", "lock", "agent"].map(
    (name) => ({
      name,
      schema: JSON.parse(readFileSync(join(checkout, `schemas/${name}.schema.json`), "utf8")),
    }),
  );
  it.each([...schemas, { name: "status", schema: Status.toJSONSchema() }])(
    "have every field of a $name, and no other",
    ({ name, schema }) => {
      const rows = tableOf(pageOf(name).text, "field").rows;
      expect(rows.map(([path, preset]) => ({ path, preset }))).toEqual(fieldsOf(schema));
      expect(rows.filter(([, , meaning]) => meaning === "")).toEqual([]);
    },
  );
});

describe("the table of attacks", () => {
  const security = readFileSync(join(checkout, "SECURITY.md"), "utf8");

  it("names every test of test/scenarios/attacks", () => {
    const folder = "test/scenarios/attacks";
    const tests = readdirSync(join(checkout, folder)).filter((name) => name.endsWith(".test.ts"));
    expect(tests.filter((name) => !security.includes(`(${folder}/${name})`))).toEqual([]);
  });

  it("has a test for every attack", () => {
    const rows = tableOf(security, "attack").rows;
    expect(rows.filter(([, , tests = ""]) => !/\]\(\S+\.test\.ts\)/.test(tests))).toEqual([]);
  });
});

describe("the page of the plan", () => {
  const source = readFileSync(join(checkout, "libs/model/src/operation.ts"), "utf8");

  it("has every kind of operation", () => {
    const kinds = [...source.matchAll(/^ {2}kind: "([a-z-]+)";$/gm)].map((match) => match[1] ?? "");
    expect(sorted(columnOf(pageOf("plan").text, "operation"))).toEqual(sorted(kinds));
  });

  it("has every change class", () => {
    expect(columnOf(pageOf("plan").text, "change class")).toEqual([...changeClasses]);
  });

  it("has every kind of cause", () => {
    expect(columnOf(pageOf("plan").text, "cause")).toEqual([...causeKinds]);
  });
});

describe("the page of the command line", () => {
  it("shows the help of every command", () => {
    const shown = pageOf("cli")
      .blocks.filter(({ language }) => language === "console")
      .flatMap(stepsOf)
      .map(({ command }) => command);
    const linesOf = (command: Command): string[] =>
      command.commands.flatMap((each) => [
        each.name(),
        ...linesOf(each).map((line) => `${each.name()} ${line}`),
      ]);
    const lines = linesOf(makeProgram(() => {}, AbortSignal.abort()));
    expect(shown).toEqual(expect.arrayContaining(lines.map((line) => `keelson ${line} --help`)));
  });

  it("has every exit code", () => {
    const rows = tableOf(pageOf("cli").text, "exit code").rows;
    expect(Object.fromEntries(rows.map(([code, name]) => [name, Number(code)]))).toEqual(exitCodes);
  });
});

describe("the operations page", () => {
  const page = pageAt("docs/operations.md");

  it("must alert on metrics that the agent has", () => {
    const agent = pageOf("agent").text;
    const tally = newTally();
    tally.setting = newRoundSummary();
    addRound(tally, { summary: newRoundSummary(), loss: null });
    const has = [...formatMetrics(tally, 1).matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name);
    const named = [...`${page}${agent}`.matchAll(/\bkeelson_agent_\w+/g)].map(([name]) => name);
    expect(new Set(named).size).toBeGreaterThan(8);
    expect(named.filter((name) => !has.includes(name))).toEqual([]);
  });

  it("must show the unit that ships, but for its sandbox", () => {
    const shown = /```ini unit\n([^]*?)```/.exec(page)?.[1] ?? "";
    const shipped = readFileSync(join(checkout, "packaging/keelson-agent.service"), "utf8").split("\n");
    const lines = shown.split("\n").filter((line) => line.includes("="));
    expect(lines.length).toBeGreaterThan(6);
    // A checkout's program has another path, and its own words.
    const own = /^(?:Description|ExecStart)=/;
    expect(lines.filter((line) => !own.test(line) && !shipped.includes(line))).toEqual([]);
  });
});

describe("the page of the agent", () => {
  it("must have every event of the log, and no other", () => {
    const folder = join(checkout, "apps/agent/src");
    const sources = readdirSync(folder).filter((name) => name.endsWith(".ts") && !name.includes("test"));
    const texts = sources.map((name) => readFileSync(join(folder, name), "utf8"));
    const events = texts.flatMap((text) => [
      ...[...text.matchAll(/\bevent: "([a-z-]+)"/g)].map(([, name = ""]) => name),
      ...[...text.matchAll(/^ {4}"([a-z-]+)": round\./gm)].map(([, name = ""]) => name),
    ]);
    const rows = tableOf(pageOf("agent").text, "event").rows;
    const shown = rows.flatMap(([names = ""]) => names.replaceAll("`", "").split(", "));
    expect(sorted(shown)).toEqual(sorted([...new Set(events)]));
  });
});

describe("the page of error codes", () => {
  const codes = findCodes();
  const headings = [...proseOf(errorsPage.text).matchAll(/^### (.*)$/gm)].map((match) => match[1] ?? "");

  it("has an entry for every code in the sources, and no other, in their order", () => {
    expect(headings.map((heading) => heading.split(" ")[0])).toEqual(codes);
  });

  it.each(codes)("says of %s what it means and what to do", (code) => {
    const entry = findEntry(errorsPage.text, code);
    expect(entry?.title).toMatch(/^\S.*\S$/);
    expect(entry?.text).toMatch(/^[^\n]+[^]*\n\nWhat to do: \S/);
  });
});

describe("the table of rooms", () => {
  const rows = tableOf(pageAt("ARCHITECTURE.md"), "room").rows;

  it("has every room, and no other", () => {
    const rooms = ["libs", "apps"].flatMap((parent) =>
      readdirSync(join(checkout, parent)).map((name) => `${parent}/${name}`),
    );
    expect(sorted(rows.map(([room = ""]) => room))).toEqual(sorted(rooms));
  });

  it.each(rows.filter(([room = ""]) => room.startsWith("libs/")))(
    "has the door of %s",
    async (room, _kind, text) => {
      const door: Record<string, unknown> = await import(join(checkout, room ?? "", "src/index.ts"));
      const functions = Object.keys(door).filter((name) => typeof door[name] === "function");
      const named = [...(text ?? "").matchAll(/\w+/g)].map(([name]) => name);
      // The door of `model` is everything that crosses a room: only the main things are named.
      const due = room === "libs/model" ? functions.filter((name) => named.includes(name)) : functions;
      expect(sorted(named)).toEqual(sorted(due));
    },
  );

  it.each(rows.map(([room = ""]) => room))("has a README of at most 20 lines in %s", (room) => {
    const lines = pageAt(`${room}/README.md`)
      .split("\n")
      .filter((line) => line.trim() !== "");
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.length).toBeLessThanOrEqual(20);
  });

  it("is followed by every other folder", () => {
    // Other folders with a dot are what tools leave.
    const isOurs = (name: string) => name === ".ci" || !/^\.|^(node_modules|dist|libs|apps)$/.test(name);
    const folders = readdirSync(checkout, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && isOurs(entry.name))
      .map(({ name }) => name);
    const named = columnOf(pageAt("ARCHITECTURE.md"), "folder").join(" ");
    expect(folders.filter((name) => !named.includes(`${name}/`))).toEqual([]);
  });
});

describe("the architecture", () => {
  const page = pageAt("ARCHITECTURE.md");
  const path = (/^\w+ → .* → reportRound$/m.exec(page)?.[0] ?? "").split(" → ");
  const callsOf = (name: string, from: string) => {
    const source = readFileSync(join(checkout, `libs/reconcile/src/${name}.ts`), "utf8");
    const called = [...source.slice(source.indexOf(from)).matchAll(/(\w+)\(/g)].map(
      (match) => match[1] ?? "",
    );
    return [...new Set(called)].filter((each) => path.includes(each));
  };

  it("names the functions of the path, in the order in which the walk calls them", () => {
    const target = callsOf("walk-to-target", "async function walkToTarget");
    const walk = [...target, ...callsOf("walk-path", "async function walkPath")];
    expect(walk.length).toBeGreaterThan(7);
    expect(path.slice(0, walk.length)).toEqual(walk);
    expect(callsOf("reconcile-once", "async function reconcileOnce")).toEqual(
      expect.arrayContaining(path.slice(walk.length)),
    );
  });

  it("names files and folders that are there", () => {
    const named = [...page.matchAll(/`((?:libs|apps|test|docs)\/[\w./-]*\w)\/?`/g)].map(
      (match) => match[1] ?? "",
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((each) => !each.includes("*") && !existsSync(join(checkout, each)))).toEqual([]);
  });
});

describe("CONTRIBUTING.md", () => {
  const spans = [...pageAt("CONTRIBUTING.md").matchAll(/`([^`\n]+)`/g)].flatMap((match) => match[1] ?? []);
  // `script/setup` makes .keelson; a word such as `scenarios/documents` is a part of a path below test.
  const paths = spans
    .flatMap((span) => span.split(" "))
    .filter((word) => /^[\w.-]+(?:\/[\w.-]+)+$/.test(word) && !word.startsWith(".keelson/"));

  it("names files and folders", () => {
    expect(paths).toEqual(expect.arrayContaining(["script/test", "libs/plan", "docs/spec"]));
  });

  it.each([...new Set(paths)])("names %s, which exists", (path) => {
    expect(["", "test"].some((parent) => existsSync(join(checkout, parent, path)))).toBe(true);
  });
});

describe("the glossary", () => {
  it("has each word once", () => {
    const words = tablesOf(pageAt("docs/glossary.md")).flatMap(({ rows }) => rows.map(([word = ""]) => word));
    expect(words.length).toBeGreaterThan(40);
    expect(words.filter((word, at) => words.indexOf(word) !== at)).toEqual([]);
  });
});

describe.each(allPages)("$path", (page) => {
  it("links to what is there", () => {
    const broken = linksOf(page.text).filter((link) => !leadsSomewhere(link, page.path));
    expect(broken).toEqual([]);
  });

  const excerpts = page.blocks.filter(({ attributes }) => "from" in attributes);
  it.each(excerpts)("shows a file of the sample as it is in line $line", ({ attributes, text }) => {
    const file = readFileSync(join(checkout, attributes["from"] ?? ""), "utf8");
    expect(isExcerpt(text, file)).toBe(true);
  });
});

describe("the version", () => {
  it("is one in the manifest, the command and the changes", () => {
    const { version } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8"));
    const [, newest] = /^## ([\d.]+)/m.exec(pageAt("CHANGELOG.md")) ?? [];
    expect(newest).toBe(version);
    const source = readFileSync(join(checkout, "libs/model/src/version.ts"), "utf8");
    expect(source).toContain(`keelsonVersion = "${version}"`);
  });
});

function sorted(names: readonly string[]): string[] {
  return [...names].sort(compareText);
}

function codeThrownBy(run: () => void): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
}

function pageAt(path: string): string {
  return readFileSync(join(checkout, path), "utf8");
}

/** The first table of a page whose first column has this name. */
function tableOf(page: string, column: string): Table {
  const table = tablesOf(page).find(({ columns }) => columns[0] === column);
  if (table === undefined) throw new Error(`there is no table of ${column}`);
  return table;
}

function columnOf(page: string, column: string): string[] {
  return tableOf(page, column).rows.map(([cell = ""]) => cell);
}

/** A file or folder of the checkout, and a heading of it where one is named; other sites are not asked. */
function leadsSomewhere(link: string, from: string): boolean {
  if (/^https?:/.test(link)) return true;
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? from : join(dirname(from), path);
  try {
    if (anchor === undefined)
      return readdirSync(join(checkout, dirname(target))).includes(target.split("/").at(-1) ?? "");
    const headings = [...proseOf(pageAt(target)).matchAll(/^#+ (.*)$/gm)].map((match) => match[1] ?? "");
    return headings.map(anchorOf).includes(anchor);
  } catch {
    return false;
  }
}

/** As forges make anchors of headings. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}
