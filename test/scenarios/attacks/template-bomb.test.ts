import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { expectFault, expectReady, expectUntouched, whilePushed } from "../faults/outcome.ts";
import { usePlatform } from "../platform.ts";
import type { Container, Platform } from "../platform.ts";

const release = `
-- packages/web/package.yaml --
variables: { GREETING: "hello" }
files:
  - { template: page.txt.liquid, to: www/page.txt, onChange: restart }
  - { template: more.yaml.liquid, to: www/more.yaml, onChange: restart }
-- packages/web/page.txt.liquid --
first
-- packages/web/more.yaml.liquid --
more: 1
-- packages/web/web.env --
GREETING=hello
-- packages/web/compose.yaml --
services:
  web:
    image: IMAGES/web:1
    env_file: web.env
    volumes: [./www:/www:ro]
-- packages/other/package.yaml --
files:
  - { template: page.txt.liquid, to: www/page.txt, onChange: restart }
-- packages/other/page.txt.liquid --
second
-- packages/other/compose.yaml --
services:
  other: { image: "IMAGES/other:1", volumes: ["./www:/www:ro"] }
`;

const folder = "releases/app/1.0.0/packages/web";
const page = `${folder}/page.txt.liquid`;
/** Of a check of this platform without an attack, a third; of the attacks before there was a limit, gigabytes. */
const mostMegabytes = 600;

const doubling = (turns: number) =>
  `{% assign a = "xx" %}{% for i in (1..${turns}) %}{% assign a = a | append: a %}{% endfor %}`;
const nested = `{% assign e = "" | split: "" %}{% assign a = e | push: "x" %}{% for i in (1..60) %}{% assign a = e | push: a | push: a %}{% endfor %}`;

interface Attack {
  readonly what: string;
  readonly path: string;
  readonly text: string;
  readonly code: string;
  /** Where it is told; in the file itself unless said. */
  readonly told?: string;
  /** Line and column; 1:1 unless told. */
  readonly at?: string;
}

const attacks: Attack[] = [
  {
    what: "text that is captured again and again",
    path: page,
    text: `{% capture a %}xx{% endcapture %}\n{% for i in (1..60) %}\n{% capture a %}{{ a }}{{ a }}{% endcapture %}\n{% endfor %}`,
    code: "K1315",
    at: "3:",
  },
  { what: "text that doubles", path: page, text: `one\n${doubling(60)}`, code: "K1315", at: "2:" },
  {
    what: "lists of lists, written",
    path: page,
    text: `${nested}\n{{ a | join }}`,
    code: "K1315",
    at: "2:1",
  },
  {
    what: "lists of lists, compared",
    path: page,
    text: `${nested}\n{% if a == e %}{% endif %}{% assign b = a | push: a %}{% if a contains b %}{% endif %}{{ a | json }}`,
    code: "K1315",
    at: "2:",
  },
  {
    what: "a range that never ends",
    path: page,
    text: "\n{% for i in (9007199254740992..9007199254740994) %}x{% endfor %}",
    code: "K1301",
    at: "2:1",
  },
  {
    what: "a search that takes the square of its text",
    path: page,
    text: `${doubling(21)}{% assign b = a | slice: 0, 900000 | prepend: "y" %}{% if a contains b %}{% endif %}`,
    code: "K1315",
  },
  {
    what: "text that grows when it is escaped",
    path: page,
    text: `${doubling(20)}{% for i in (1..100) %}{{ a | replace: "x", "&" | escape }}{% endfor %}`,
    code: "K1315",
  },
  {
    what: "millions of values of YAML",
    path: `${folder}/more.yaml.liquid`,
    text: "{% for i in (1..200000) %}- a\n{% endfor %}",
    code: "K1316",
  },
  {
    what: "keys of which each is compared with each",
    path: `${folder}/more.yaml.liquid`,
    text: "{% for i in (1..90000) %}k{{ i }}: 1\n{% endfor %}",
    code: "K1316",
  },
  {
    what: "an env_file whose values double",
    path: `${folder}/web.env`,
    text: Array.from(
      { length: 40 },
      (_, index) => `A${index}=${index === 0 ? "xy" : `\${A${index - 1}}`.repeat(2)}`,
    ).join("\n"),
    code: "K1428",
    told: `${folder}/compose.yaml`,
    at: "2:3",
  },
];

describe("a template that would take the memory or the time of a node", () => {
  const platform = usePlatform({ release });
  let before: Container[];

  beforeAll(async () => {
    expectReady(await platform().reconcile());
    before = await platform().containers();
  });

  it.each(attacks)("by $what is a problem at its place ($code), and others are told too", async (attack) => {
    const { path, text, code, told = path, at = "1:1" } = attack;
    const broken = "releases/app/1.0.0/packages/other/page.txt.liquid";
    // What does not render is not given to Compose, so a problem there comes when others are mended.
    const others = code === "K1428" ? {} : { [broken]: "{{ settings.nope }}\n" };
    const restore = await write(platform(), { [path]: text, ...others });
    try {
      const { exitCode, output, megabytes } = await check(platform());
      expect(output).toContain(`error[${code}] ${told}:${at}`);
      for (const other of Object.keys(others)) expect(output).toContain(`error[K1302] ${other}:1:4`);
      expect(exitCode).toBe(1);
      expect(output.length).toBeLessThan(5_000);
      expect(megabytes).toBeLessThan(mostMegabytes);
    } finally {
      await restore();
    }
  });

  it("disturbs nothing that runs when it is pushed, and the next commit is applied", async () => {
    const [capture] = attacks;
    await whilePushed(platform(), {
      changes: { [page]: capture?.text ?? "" },
      look: async () => {
        const round = await platform().reconcile();
        expectFault(round, { code: "K1315", resource: `${page}:3:23` });
        await expectUntouched(platform(), before);
      },
    });
    const later = await platform().reconcile();
    expectReady(later);
    await expectUntouched(platform(), before);
    expect(later.worked).toBe(false);
  });

  it("is none when it is large for a reason: a thousand hosts with their ports, as YAML and as text", async () => {
    const hosts = `{% for i in (1..1000) %}- host: h{{ i }}.example.org\n  ports: [{% for p in (1..5) %}{{ p | plus: 8000 }}, {% endfor %}]\n{% endfor %}`;
    const captured = `{% for i in (1..2000) %}{% capture line %}{{ i }} {{ "a b c" | split: " " | join: "-" | upcase | escape }}{% endcapture %}{{ line | append: "!" }}\n{% endfor %}`;
    const restore = await write(platform(), { [`${folder}/more.yaml.liquid`]: hosts, [page]: captured });
    try {
      expect(await check(platform())).toMatchObject({ exitCode: 0 });
    } finally {
      await restore();
    }
  });
});

/** Into the work tree; returns what undoes it. */
async function write(platform: Platform, files: Record<string, string>): Promise<() => Promise<void>> {
  const root = platform.repository.path;
  for (const [path, text] of Object.entries(files)) await writeFile(join(root, path), text);
  return async () => void (await platform.repository.git("checkout", "--", "."));
}

/** `keelson check`, and the most memory that it had. */
async function check(platform: Platform) {
  const script = join(platform.folder, "rss.mjs");
  const report = join(platform.folder, "rss.txt");
  const write = `writeFileSync(${JSON.stringify(report)}, String(process.resourceUsage().maxRSS))`;
  await writeFile(script, `import { writeFileSync } from "node:fs";\nprocess.on("exit", () => ${write});\n`);
  const { exitCode, stdout, stderr } = await platform.keelson(["check"], {
    env: { NODE_OPTIONS: `--import=${script}` },
  });
  // In KiB (getrusage(2)).
  const megabytes = Number(await readFile(report, "utf8")) / 1024;
  return { exitCode, output: stdout + stderr, megabytes };
}
