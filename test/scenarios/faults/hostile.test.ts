import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { usePlatform } from "../platform.ts";
import type { Container, Platform } from "../platform.ts";
import { expectFault, expectReady, expectUntouched, rulesTerminal, whilePushed } from "./outcome.ts";

const release = `
-- packages/web/package.yaml --
files:
  - { template: page.txt.liquid, to: www/page.txt, onChange: restart }
-- packages/web/page.txt.liquid --
first
-- packages/web/compose.yaml --
services:
  web:
    image: IMAGES/web:1
    volumes: [./www/page.txt:/www/page.txt:ro]
`;

const folder = "releases/app/1.0.0/packages/web";

interface Attack {
  readonly what: string;
  readonly code: string;
  readonly at?: (platform: Platform) => string;
  readonly says?: string;
  /** Done in the work tree before the commit. */
  readonly happens: (platform: Platform) => Promise<void>;
}

/** Puts a file into the work tree. */
const write = (path: string, text: string) => async (platform: Platform) => {
  const file = join(platform.repository.path, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
};

const withFile = (line: string) =>
  write(`${folder}/package.yaml`, `name: web\nversion: 1.0.0\nfiles:\n  - ${line}\n`);

const bomb = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
  .concat(
    ["b", "c", "d", "e", "f", "g", "h", "i"].map((name, index) => {
      const before = "abcdefghi"[index];
      return `${name}: &${name} [${Array.from({ length: 10 }, () => `*${before}`).join(", ")}]`;
    }),
  )
  .join("\n");

const attacks: Attack[] = [
  {
    what: "a symbolic link in a release",
    code: "K1008",
    at: () => `${folder}/passwd.txt:1:1`,
    happens: async (platform) => symlink("/etc/passwd", join(platform.repository.path, folder, "passwd.txt")),
  },
  {
    what: "a Compose file that is a link out of the repository",
    code: "K1008",
    at: () => `${folder}/base.yaml:1:1`,
    happens: async (platform) =>
      symlink("../../../../../x", join(platform.repository.path, folder, "base.yaml")),
  },
  {
    what: "a rendered file that climbs out of the node's folder",
    code: "K1011",
    at: () => `${folder}/package.yaml:4:38`,
    happens: withFile("{ template: page.txt.liquid, to: ../../../../etc/cron.d/x }"),
  },
  {
    what: "a template from outside of the package",
    code: "K1011",
    at: () => `${folder}/package.yaml:4:17`,
    happens: withFile("{ template: ../../../../../environments/x, to: www/page.txt }"),
  },
  {
    what: "two names that differ by case only",
    code: "K1011",
    happens: write(`${folder}/PAGE.txt.liquid`, "second\n"),
  },
  {
    what: "a huge file",
    code: "K2020",
    at: () => `${folder}/huge.bin:1:1`,
    happens: write(`${folder}/huge.bin`, "x".repeat(16 * 1024 * 1024 + 1)),
  },
  {
    what: "an alias bomb in a document",
    code: "K1006",
    happens: async (platform) => write(platform.paths.lock, `${bomb}\n`)(platform),
  },
  {
    what: "an alias bomb in a Compose file",
    code: "K1418",
    happens: write(
      `${folder}/compose.yaml`,
      `${bomb.replace(/^/gm, "x-")}\nservices: { web: { image: "web:1" } }\n`,
    ),
  },
  {
    what: "a range of all ports",
    code: "K1428",
    happens: write(
      `${folder}/compose.yaml`,
      'services: { web: { image: "web:1", ports: ["1-65535:1-65535"] } }\n',
    ),
  },
  {
    what: "an env_file whose lines double each other",
    code: "K1428",
    happens: async (platform) => {
      const lines = Array.from({ length: 60 }, (_, n) => `A${n + 1}=\${A${n}}\${A${n}}`);
      await write(`${folder}/doubling.env`, `A0=0123456789\n${lines.join("\n")}\n`)(platform);
      await write(
        `${folder}/compose.yaml`,
        'services: { web: { image: "web:1", env_file: doubling.env } }\n',
      )(platform);
    },
  },
  {
    what: "a document that is nested too deep",
    code: "K1006",
    happens: async (platform) =>
      write(platform.paths.lock, `${"[".repeat(5_000)}${"]".repeat(5_000)}\n`)(platform),
  },
  {
    what: "an include that includes itself",
    code: "K1407",
    at: () => `${folder}/loop.yaml:1:11`,
    happens: async (platform) => {
      await write(`${folder}/loop.yaml`, "include: [loop.yaml]\n")(platform);
      await write(
        `${folder}/compose.yaml`,
        'include: [loop.yaml]\nservices: { web: { image: "web:1" } }\n',
      )(platform);
    },
  },
  {
    what: "a template that never ends",
    code: "K1315",
    happens: write(
      `${folder}/page.txt.liquid`,
      "{% for a in (1..100000) %}{% for b in (1..100000) %}{{ a | times: b }}{% endfor %}{% endfor %}\n",
    ),
  },
  {
    what: "names that rule a terminal",
    code: "K1002",
    says: "unknown key",
    happens: async (platform) =>
      write(
        `${folder}/package.yaml`,
        `name: web\nversion: 1.0.0\n"\\e[2J\\x9b2J\\u202eevil": 1 # \u202e\u009b2J\n`,
      )(platform),
  },
];

describe("a hostile commit", () => {
  const platform = usePlatform({ release });
  let before: Container[];

  beforeAll(async () => {
    expectReady(await platform().reconcile());
    before = await platform().containers();
  });

  it.each(attacks)(
    "with $what must do nothing and be named ($code)",
    async ({ code, at, says = "", happens }) => {
      await happens(platform());
      const look = async () => {
        const round = await platform().reconcile();
        await expectUntouched(platform(), before);
        expect(await platform().pageOf("web/web", "/page.txt")).toBe("first\n");
        expectFault(round, { code, says, ...(at === undefined ? {} : { resource: at(platform()) }) });
        expect(round.output).not.toMatch(rulesTerminal);
        expect(round.output.length).toBeLessThan(20_000);
      };
      await whilePushed(platform(), { changes: {}, look });
      const later = await platform().reconcile();
      await expectUntouched(platform(), before);
      expectReady(later);
    },
  );
});
