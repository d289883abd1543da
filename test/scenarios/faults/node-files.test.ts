import { chmod, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { usePlatform } from "../platform.ts";
import type { Container, Round } from "../platform.ts";
import { tellingImage } from "../telling-image.ts";
import { expectFault, expectReady, expectUntouched } from "./outcome.ts";
import { conditionOf } from "../node-status.ts";

// A service for each way in which a file is held, and one with a secret.
const release = `
-- release.yaml --
secrets: { key: {} }
-- packages/web/package.yaml --
files:
  - { template: app.conf, to: content/app.conf, onChange: recreate }
  - { template: app.conf, to: live/app.conf, onChange: restart }
  - { template: app.conf, to: data/app.conf, onChange: "signal:HUP" }
  - { template: key.liquid, to: secret/app.conf, onChange: recreate }
-- packages/web/app.conf --
first
-- packages/web/key.liquid --
{{ secrets.key }}
-- packages/web/compose.yaml --
services:
  content: { image: "IMAGES/app:1", volumes: ["./content:/etc/app:ro", "store:/data"] }
  live: { image: "IMAGES/app:1", volumes: ["./live:/etc/app:ro"] }
  data: { image: "IMAGES/app:1", volumes: ["./data:/etc/app:ro"] }
  secret: { image: "IMAGES/app:1", volumes: ["./secret:/etc/app:ro"] }
volumes: { store: {} }
`;

const services = ["content", "live", "data", "secret"];
const value = "n0t-in-any-l0g";

describe("the node's own files", () => {
  const platform = usePlatform({
    release,
    images: { "app:1": tellingImage },
    secrets: { app: { key: value } },
  });
  let before: Container[];

  beforeEach(async () => {
    expectReady(await platform().reconcile());
    before = await platform().containers();
  });

  it("the record lost: it must be made again, and nothing else", async () => {
    for (const end of ["", "-wal", "-shm"]) await rm(`${record()}${end}`, { force: true });
    const round = await platform().reconcile();
    await expectUntouched(platform(), before);
    expect(round.output).toContain("nothing to do");
    expect(round.status.source.applied).toBe(await platform().repository.head());
    expectReady(round);
    expect((await stat(record())).mode & 0o777).toBe(0o600);
  });

  it("the record damaged: it must be set aside, told of, and begun anew (K4010)", async () => {
    for (const end of ["-wal", "-shm"]) await rm(`${record()}${end}`, { force: true });
    const bytes = await readFile(record());
    await writeFile(record(), Buffer.alloc(bytes.length, "x"));
    const round = await platform().reconcile();
    await expectUntouched(platform(), before);
    expect(round.status.instances).toEqual([]);
    expectFault(round, { code: "K4010", says: "is damaged" });
    const aside = (await readdir(platform().stateDir)).filter((name) =>
      name.startsWith("record.db.damaged-"),
    );
    expect(aside).toHaveLength(1);
    await expectMended();
  });

  it("the secrets file readable by others: it must be refused (K5003)", async () => {
    await chmod(platform().secretsFile, 0o644);
    const round = await platform().reconcile();
    await chmod(platform().secretsFile, 0o600);
    expect(round.status.instances).toEqual([]);
    await expectUntouched(platform(), before);
    await expectReported(round, { code: "K5003", says: "can be read by others" });
    await expectMended();
  });

  it("a secret without a value: the file that needs it must be named (K5002)", async () => {
    const text = await readFile(platform().secretsFile, "utf8");
    await writeFile(platform().secretsFile, "app: { other: x }\n");
    const round = await platform().reconcile();
    await writeFile(platform().secretsFile, text);
    await expectUntouched(platform(), before);
    expect(round.status.instances).toEqual([]);
    const resource = "releases/app/1.0.0/packages/web/key.liquid:1:1";
    await expectReported(round, { code: "K5002", resource, says: "app.key" });
    await expectMended();
  });

  it("the secrets file malformed: its line must be named and no value shown (K5001)", async () => {
    const text = await readFile(platform().secretsFile, "utf8");
    await writeFile(platform().secretsFile, `app:\n  key: ${value}: x\n`);
    const round = await platform().reconcile();
    await writeFile(platform().secretsFile, text);
    await expectUntouched(platform(), before);
    await expectReported(round, { code: "K5001", says: "line 2" });
    expect(round.output + JSON.stringify(round.status)).not.toContain(value);
    await expectMended();
  });

  it("another key in the place of the node's: everything must count as foreign and be left alone", async () => {
    const key = join(platform().folder, "node.key");
    const own = await readFile(key, "utf8");
    await writeFile(key, `${"0f".repeat(32)}\n`);
    const volume = await platform()
      .docker.getVolume(`${platform().project("web")}_store`)
      .inspect();
    const round = await platform().reconcile();
    await writeFile(key, own);
    await expectUntouched(platform(), before);
    const project = platform().project("web");
    for (const service of services) {
      expectFault(round, { code: "K3021", resource: `service:${project}/${service}` });
    }
    expectFault(round, {
      code: "K3007",
      resource: `volume:${project}_store`,
      says: "its data is left alone",
    });
    expectFault(round, { code: "K3007", resource: `network:${project}_default` });
    expect(await platform().docker.getVolume(`${project}_store`).inspect()).toEqual(volume);
    await expectMended();
  });

  it("the key damaged: it must not be made anew (K5004)", async () => {
    const key = join(platform().folder, "node.key");
    const text = await readFile(key, "utf8");
    await writeFile(key, "not a key\n");
    const round = await platform().reconcile();
    expect(await readFile(key, "utf8")).toBe("not a key\n");
    await writeFile(key, text);
    await expectUntouched(platform(), before);
    await expectReported(round, { code: "K5004", says: "is damaged" });
    await expectMended();
  });

  it("the whole state folder lost: it must be made again, no container recreated, and changes still arrive", async () => {
    await platform().exec("web/content", "sh", "-c", "echo kept > /data/id");
    await rm(platform().stateDir, { recursive: true });
    const round = await platform().reconcile();
    const ids = (containers: readonly Container[]) => containers.map(({ id, name }) => [id, name]);
    expect(ids(await platform().containers())).toEqual(ids(before));
    expectReady(round);
    expect(await platform().exec("web/content", "cat", "/data/id")).toBe("kept\n");
    expect((await platform().reconcile()).output).toContain("nothing to do");

    await platform().upgrade({ "packages/web/app.conf": "second\n" });
    expectReady(await platform().reconcile());
    for (const service of ["content", "live", "data"]) {
      await platform().untilPage(`web/${service}`, { path: "/loaded", is: "second\n" });
    }
    expect(await platform().exec("web/content", "cat", "/data/id")).toBe("kept\n");
  });

  function record(): string {
    return join(platform().stateDir, "record.db");
  }

  /** The report must say it too, wherever one looks: the last one said that all is well. */
  async function expectReported(round: Round, fault: Parameters<typeof expectFault>[1]): Promise<void> {
    expectFault(round, fault);
    expect(conditionOf(round.status, "Stalled")).toBe("true");
    const kept = await platform().keelson(["status", "--local", "--json", "--config", platform().config]);
    expect(JSON.parse(kept.stdout)).toEqual({ ...round.status, isAgentRunning: false });
    expect(kept.exitCode).toBe(1);
  }

  async function expectMended(): Promise<void> {
    const later = await platform().reconcile();
    await expectUntouched(platform(), before);
    expectReady(later);
    expect(later.status.source.applied).toBe(await platform().repository.head());
  }
});
