import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";

import { beforeAll, beforeEach, describe, expect, it } from "vitest";

import { Status } from "../../../libs/model/src/index.ts";
import { gitEnvironment } from "../../support/git-repository.ts";
import { openGitObjects, outputOf } from "../../support/index.ts";
import { expectFault, expectReady, expectUntouched } from "../faults/outcome.ts";
import { parseNote } from "../node-status.ts";
import { usePlatform } from "../platform.ts";
import type { Container } from "../platform.ts";
import { bombs } from "./bombs.ts";
import { measurePeak } from "./peak-memory.ts";
import type { PeakMemory } from "./peak-memory.ts";

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
    init: true
    volumes: [./www/page.txt:/www/page.txt:ro]
`;
const template = "packages/web/page.txt.liquid";
/** What a round needs without an attack, three times; what it would take to read a bomb is a multiple of this. */
const mostMiB = 480;

/** A platform with a round behind it, and the repository of its server. */
function usePrepared() {
  const platform = usePlatform({ release });
  let peak: PeakMemory;
  let gitDir = "";
  beforeEach(() => platform().forgetStarts());
  beforeAll(async () => {
    peak = await measurePeak(platform().folder);
    gitDir = platform().server.pathOf("platform");
    expectReady(await platform().reconcile());
  });
  return {
    platform,
    ground: () => ({ gitDir, folder: platform().folder, objects: openGitObjects(gitDir) }),
    /** A round within bounds. */
    round: async () => {
      const round = await platform().reconcile({ env: peak.env });
      expect(await peak.read()).toBeLessThan(mostMiB);
      return round;
    },
    statusRef: () => `refs/notes/keelson/${platform().environment}/${platform().node}`,
  };
}

describe("a branch", () => {
  const { platform, ground, round } = usePrepared();
  let before: Container[];

  it.each(bombs)(
    "that holds $what must be left alone and named, and followed once it is mended",
    async ({ make }) => {
      const { objects, ...place } = ground();
      const good = await objects.git("rev-parse", "main");
      before = await platform().containers();
      const bad = await make({ ...place, objects, name: "environments", message: "hostile\n", parent: good });
      await objects.git("update-ref", "refs/heads/main", bad);
      try {
        expectFault(await round(), { code: "K2017" });
        await expectUntouched(platform(), before);
        // The node goes on healing.
        await platform().stop("web/web");
        expectFault(await round(), { code: "K2017" });
        expect((await platform().container("web/web")).state).toBe("running");
      } finally {
        await objects.git("update-ref", "refs/heads/main", good);
      }
      const text = `after ${bad}\n`;
      await platform().upgrade({ [template]: text });
      expectReady(await round());
      expect(await platform().pageOf("web/web", "/page.txt")).toBe(text);
    },
  );
});

describe("the ref of the node's own status", () => {
  const { platform, ground, round, statusRef } = usePrepared();

  it.each(
    bombs.flatMap((bomb) => [
      { ...bomb, memory: "what it wrote last" },
      { ...bomb, memory: "nothing" },
    ]),
  )(
    "that holds $what must be passed over and told by a node that knows $memory",
    async ({ make, memory }) => {
      const { objects, ...place } = ground();
      const head = await objects.git("rev-parse", "main");
      const bad = await make({ ...place, objects, name: head, message: `status of ${head}\n` });
      await objects.git("update-ref", statusRef(), bad);
      if (memory === "nothing") await rm(join(platform().stateDir, "report"), { recursive: true });
      const text = `${memory} ${bad}\n`;
      const next = await platform().upgrade({ [template]: text });
      const told = await round();
      expect(await platform().pageOf("web/web", "/page.txt")).toBe(text);
      const error = expect.objectContaining({ code: "K2018", message: expect.stringContaining(bad) });
      expect(told.status.errors).toEqual([error]);
      expect(told.output).toContain("K2018");
      expect(await objects.git("rev-parse", `${statusRef()}^`)).toBe(bad);
      const published = parseNote(await objects.git("show", `${statusRef()}:${next}`));
      expect(published).toMatchObject({ source: { applied: next }, errors: [error] });
      // It has its ref back.
      await platform().upgrade({ [template]: `later ${text}` });
      expectReady(await round());
    },
  );
});

describe("the refs of other nodes", () => {
  const { platform, ground } = usePrepared();

  it("that hold too much must not keep anybody from seeing this one", async () => {
    const { objects, ...place } = ground();
    const head = await objects.git("rev-parse", "main");
    for (const [index, { make }] of bombs.entries()) {
      const bad = await make({ ...place, objects, name: head, message: `status of ${head}\n` });
      await objects.git("update-ref", statusRefOf(`bomb-${index}`), bad);
    }
    const { stdout } = await platform().keelson(["status"], { timeoutMs: 500_000 });
    const line = (node: string) => stdout.split("\n").find((text) => text.split(/ +/)[1] === node) ?? "";
    expect(line(platform().node)).toContain("ready");
    for (const [index] of bombs.entries()) {
      expect(line(`bomb-${index}`)).toContain("unreadable");
      expect(line(`bomb-${index}`)).toContain("K2019");
    }
  });

  const statusRefOf = (node: string) => `refs/notes/keelson/${platform().environment}/${node}`;
});

describe("an honest repository", () => {
  const { platform, ground, round, statusRef } = usePrepared();

  it("with a large file that nothing needs, 2,000 commits and 2,000 reports must be followed as ever", async () => {
    const { objects, gitDir } = ground();
    const head = await objects.git("rev-parse", "main");
    const large = { "docs/film": { content: randomBytes(20_000_000), mode: 0o644 } };
    await platform().repository.commit({ files: large });
    await platform().repository.push();
    const last = await objects.git("rev-parse", "main");
    const history = Array.from({ length: 2_000 }, (_, index) =>
      commitLines("main", { index, parent: last, path: "log" }),
    );
    await fastImport(gitDir, history.join(""));
    const status = Status.parse(parseNote(await objects.git("show", `${statusRef()}:${head}`)));
    const reports = Array.from({ length: 2_000 }, (_, index) =>
      commitLines("report", {
        index,
        path: head,
        message: `status of ${head}`,
        content: JSON.stringify({ ...status, seq: 2 + index }),
      }),
    );
    await fastImport(gitDir, reports.join(""));
    await objects.git("update-ref", statusRef(), "report");
    await rm(join(platform().stateDir, "report"), { recursive: true });
    await rm(join(platform().stateDir, "git"), { recursive: true });

    await platform().repository.git("pull", "--quiet", "origin", "main");
    await platform().upgrade({ [template]: "at last\n" });
    expectReady(await round());
    expect(await platform().pageOf("web/web", "/page.txt")).toBe("at last\n");
    expect((await platform().report()).status.seq).toBe(2_002);
  });
});

interface ImportedCommit {
  index: number;
  path: string;
  parent?: string;
  message?: string;
  content?: string;
}

/** One commit for git-fast-import(1). */
function commitLines(
  branch: string,
  { index, path, parent, message = `${index}`, content = `${index}` }: ImportedCommit,
): string {
  const from = index === 0 && parent !== undefined ? `from ${parent}\n` : "";
  const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`;
  const who = `committer Ada Author <ada@example.org> ${1_767_300_000 + index} +0000\n`;
  return `commit refs/heads/${branch}\n${who}${data(message)}${from}M 100644 inline ${path}\n${data(content)}`;
}

async function fastImport(gitDir: string, input: string): Promise<void> {
  await outputOf(["git", "--git-dir", gitDir, "fast-import", "--quiet"], { env: gitEnvironment(), input });
}
