import { randomBytes } from "node:crypto";
import { mkdir, rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { outputOf } from "../../support/index.ts";
import { usePlatform } from "../platform.ts";
import type { Container } from "../platform.ts";
import { expectFault, expectReady, expectUntouched } from "./outcome.ts";

const release = `
-- packages/web/package.yaml --
files:
  - { template: page.txt, to: www/page.txt, onChange: restart }
-- packages/web/page.txt --
first
-- packages/web/compose.yaml --
services:
  web:
    image: IMAGES/web:1
    volumes: [./www/page.txt:/www/page.txt:ro]
`;

const page = "packages/web/page.txt";

describe("a state folder on a disk that", () => {
  const platform = usePlatform({ release });
  let before: Container[];

  // The folder is a disk of its own here, which stays for as long as a container holds a file of it.
  afterAll(async () => outputOf(["umount", "--lazy", platform().stateDir]));
  beforeAll(async () => {
    await mkdir(platform().stateDir, { mode: 0o700 });
    await outputOf(["mount", "-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs", platform().stateDir]);
  });

  beforeEach(async () => {
    expectReady(await platform().reconcile());
    before = await platform().containers();
  });

  it("is full must leave what runs, say so, and go on once there is room", async () => {
    const filler = await fill(0);
    await platform().upgrade({ [page]: "second\n" });
    const round = await platform().reconcile();
    await expectUntouched(platform(), before);
    expect(await platform().pageOf("web/web", "/page.txt")).toBe("first\n");
    expectFault(round, { code: "K4001", says: "the disk is full" });

    await rm(filler);
    const later = await platform().reconcile();
    expect(await platform().pageOf("web/web", "/page.txt")).toBe("second\n");
    expectReady(later);
  });

  it("has room for a commit but not for its files must leave what runs, and go on once there is", async () => {
    const filler = await fill(1_000_000);
    const text = `${"third ".repeat(170_000)}\n`;
    await platform().upgrade({ [page]: text });
    const round = await platform().reconcile();
    await expectUntouched(platform(), before);
    expect(await platform().pageOf("web/web", "/page.txt")).toBe("second\n");
    expectFault(round, { code: "K4001", resource: `files:${platform().project("web")}/www/page.txt` });

    await rm(filler);
    const later = await platform().reconcile();
    expect(await platform().pageOf("web/web", "/page.txt")).toBe(text);
    expectReady(later);
  });

  it("is read-only must leave what runs, say so, and go on once it is writable", async () => {
    await outputOf(["mount", "-o", "remount,ro", platform().stateDir]);
    await platform().upgrade({ [page]: "fourth\n" });
    const round = await platform().reconcile();
    await outputOf(["mount", "-o", "remount,rw", platform().stateDir]);
    await expectUntouched(platform(), before);
    expectFault(round, { code: "K4002", says: "read-only" });
    const later = await platform().reconcile();
    expect(await platform().pageOf("web/web", "/page.txt")).toBe("fourth\n");
    expectReady(later);
  });

  /** Fills the disk but for so many bytes; returns the file to remove. */
  async function fill(leftBytes: number): Promise<string> {
    const { bavail, bsize } = await statfs(platform().stateDir);
    const path = join(platform().stateDir, "filler");
    await writeFile(path, randomBytes(bavail * bsize - leftBytes));
    return path;
  }
});
