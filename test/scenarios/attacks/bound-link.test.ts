import { existsSync } from "node:fs";
import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { waitFor } from "../../support/index.ts";
import { expectFault, expectReady, whilePushed } from "../faults/outcome.ts";
import { conditionOf } from "../node-status.ts";
import { usePlatform, withPlatform } from "../platform.ts";
import type { Platform } from "../platform.ts";

/**
 * A container that replaces what another bind leads through by a link to the host's root has the host when the engine
 * follows that link: at the next restart, which Keelson need not have any part in.
 */
const plant = "rm -rf /conf/d; ln -s / /conf/d; echo planted > /conf/done; serve";

const files = (more = "") => `
files:
  - { template: a.txt, to: conf/a.txt, onChange: restart${more} }
  - { template: b.txt, to: conf/d/b.txt, onChange: restart${more} }
  - { template: b.txt, to: other/b.txt, onChange: restart }
`;

const release = (services: string, more?: string) => `
-- packages/web/package.yaml --${files(more)}
-- packages/web/a.txt --
a
-- packages/web/b.txt --
b
-- packages/web/compose.yaml --
services:
${services}`;

const planter = `
  planter:
    image: IMAGES/app:1
    restart: always
    command: [sh, -c, "${plant}"]
    volumes: [./conf:/conf]
`;

/** The engine starts them anew, as after a crash, a restart of the engine or a boot. */
async function restartByEngine(platform: Platform): Promise<void> {
  for (const { id } of await platform.containers()) await platform.docker.getContainer(id).restart({ t: 0 });
}

/** By destination, whether the container may write there, as the engine says. */
async function writableMounts(platform: Platform, name: string): Promise<Record<string, boolean>> {
  const { id } = await platform.container(name);
  const { Mounts: mounts } = await platform.docker.getContainer(id).inspect();
  return Object.fromEntries(mounts.map((mount) => [mount.Destination, mount.RW]));
}

/** What only the host's root folder has. */
async function seesHost(platform: Platform, name: string, path: string): Promise<boolean> {
  const mark = join(platform.folder, "mark-of-the-host");
  await writeFile(mark, "host");
  return (await platform.exec(name, "sh", "-c", `cat ${path}${mark} 2>/dev/null || true`)) === "host";
}

describe("a bound folder in which another bind lies", () => {
  const platform = usePlatform({
    release: release(`${planter}
  victim:
    image: IMAGES/app:1
    volumes: [./conf/d:/pwn, ./conf/d/b.txt:/b.txt]
  heir:
    image: IMAGES/app:1
    volumes_from: [planter:rw]
`),
  });

  it("must be read-only where nothing says otherwise", async () => {
    await platform().reconcile();
    expect(await writableMounts(platform(), "web/planter")).toEqual({ "/conf": false });
    expect(await writableMounts(platform(), "web/victim")).toEqual({ "/pwn": false, "/b.txt": false });
    expect(await writableMounts(platform(), "web/heir")).toEqual({ "/conf": false });
  });

  it("must not lead a restart by the engine out of it", async () => {
    await restartByEngine(platform());
    for (const [name, path] of [
      ["web/victim", "/pwn"],
      ["web/planter", "/conf/d"],
      ["web/heir", "/conf/d"],
    ] as const) {
      expect(await seesHost(platform(), name, path)).toBe(false);
    }
    expect(await platform().exec("web/victim", "cat", "/pwn/b.txt")).toBe("b\n");
  });
});

describe("a link that lies where a folder is to be bound from", () => {
  it("must be replaced before a container is made", async () => {
    const victim = `
  outer: { image: "IMAGES/app:1", volumes: ["./conf:/conf"] }
  victim: { image: "IMAGES/app:1", volumes: ["./conf/d:/pwn"] }
`;
    await withPlatform({ release: release(victim) }, async (platform) => {
      const planted = join(platform.stateDir, "instances/web/live/conf/d");
      await mkdir(dirname(planted), { recursive: true });
      await symlink("/", planted);
      const rounds = [await platform.reconcile(), await platform.reconcile()];
      await restartByEngine(platform);
      expect(await seesHost(platform, "web/victim", "/pwn")).toBe(false);
      expect(rounds.map((round) => conditionOf(round.status, "Ready")).at(-1)).toBe("true");
    });
  });
});

describe("a writable folder", () => {
  const writable = ", writable: true";
  const platform = usePlatform({
    release: release(
      `${planter}
  reader:
    image: IMAGES/app:1
    volumes: [./conf:/conf:ro, ./other:/other]
`,
      writable,
    ),
  });
  const compose = "releases/app/1.0.0/packages/web/compose.yaml";

  it("must be writable, and where a container leads it must stay the container's own business", async () => {
    await platform().reconcile();
    const folder = (await platform().container("web/planter")).mounts["/conf"] ?? "";
    await waitFor(async () => existsSync(join(folder, "done")), { what: "what the program writes" });
    expect(await writableMounts(platform(), "web/planter")).toEqual({ "/conf": true });
    expect(await writableMounts(platform(), "web/reader")).toEqual({ "/conf": false, "/other": false });
    await restartByEngine(platform());
    expect(await seesHost(platform(), "web/reader", "/conf/d")).toBe(false);
    expect(await platform().exec("web/reader", "cat", "/other/b.txt")).toBe("b\n");
  });

  it.each([
    ["another service binds a folder in it", "  victim: { image: IMAGES/app:1, volumes: [./conf/d:/pwn] }\n"],
    [
      "another service binds a file in it",
      "  victim: { image: IMAGES/app:1, volumes: [./conf/a.txt:/a.txt] }\n",
    ],
    [
      "a path in it is written in another way",
      '  victim: { image: IMAGES/app:1, volumes: ["./conf/.//d/:/pwn"] }\n',
    ],
    [
      "a secret comes from it",
      "  victim: { image: IMAGES/app:1, secrets: [key] }\nsecrets: { key: { file: ./conf/d/b.txt } }\n",
    ],
    [
      "a config comes from it",
      "  victim: { image: IMAGES/app:1, configs: [key] }\nconfigs: { key: { file: conf/a.txt } }\n",
    ],
    [
      "a service extends another one that binds a folder in it",
      "  base: { image: IMAGES/app:1, scale: 0, volumes: [./conf/d:/pwn] }\n  victim: { extends: base, scale: 1 }\n",
    ],
  ])("must be refused when %s", async (_what, text) => {
    const look = async () => {
      const round = await platform().reconcile();
      expectFault(round, { code: "K1308", says: "lies in the bound and writable folder conf" });
      expect((await platform().containers()).map(({ service }) => service)).toEqual(["planter", "reader"]);
    };
    await whilePushed(platform(), { changes: { [compose]: (before) => before + text }, look });
  });

  it("must give way when it is not writable any more", async () => {
    await platform().upgrade({
      "packages/web/package.yaml": (text) => text.replaceAll(writable, ""),
      "packages/web/compose.yaml": (text) => text.replace(/command: .*/, "command: [serve]"),
    });
    const round = await platform().reconcile();
    expectReady(round);
    expect(await writableMounts(platform(), "web/planter")).toEqual({ "/conf": false });
    expect(await readdir(join(platform().stateDir, "instances/web/writable"))).toEqual([]);
  });
});

describe("a program that writes beside its configuration, and into it", () => {
  const program = (content: string) => `
-- packages/web/package.yaml --
files:
  - { template: app.conf, to: conf/app.conf, onChange: restart, writable: true }
-- packages/web/app.conf --
${content}
-- packages/web/compose.yaml --
services:
  app:
    image: IMAGES/app:1
    command: [sh, -c, "cat /conf/app.conf >> /conf/seen; echo migrated >> /conf/app.conf; serve"]
    volumes: [./conf:/conf]
`;
  const platform = usePlatform({ release: program("one") });
  const read = async (name: string) => platform().exec("web/app", "cat", `/conf/${name}`);

  it("must keep what it makes, and be left in peace", async () => {
    await platform().reconcile();
    await waitFor(async () => (await read("app.conf")).includes("migrated"), { what: "what it writes" });
    const { startedAt } = await platform().container("web/app");
    const round = await platform().reconcile();
    expect(round.output).toContain("nothing to do");
    expectReady(round);
    expect((await platform().container("web/app")).startedAt).toBe(startedAt);
    expect(await read("app.conf")).toBe("one\nmigrated\n");
  });

  it("must get a new content, and have what lies beside it still", async () => {
    await platform().upgrade({ "packages/web/app.conf": "two\n" });
    expectReady(await platform().reconcile());
    await waitFor(async () => (await read("app.conf")).includes("migrated"), { what: "what it writes" });
    expect(await read("seen")).toBe("one\ntwo\n");
    expect((await platform().reconcile()).output).toContain("nothing to do");
  });
});
