import {
  chmod,
  chown,
  mkdir,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { runAgent, runKeelson, runProgram } from "../../support/index.ts";
import { expectFault, expectReady, expectUntouched } from "../faults/outcome.ts";
import { usePlatform } from "../platform.ts";
import type { Container } from "../platform.ts";

const release = `
-- packages/web/compose.yaml --
services:
  web: { image: "IMAGES/web:1", volumes: ["data:/data"] }
volumes: { data: {} }
`;
/** A user that is neither root nor the one that runs the tests, which is root. */
const stranger = 12_345;

describe("the node's own files, which say what root runs", () => {
  const platform = usePlatform({ release });
  let before: Container[];
  const inFolder = (name: string) => join(platform().folder, name);
  const programs = {
    "keelson-agent reconcile": async (config: string) => runAgent(["reconcile", "--config", config]),
    "keelson-agent accept": async (config: string) =>
      runAgent(["accept", "0".repeat(40), "--config", config]),
    "keelson plan": async (config: string) => platform().keelson(["plan", "--config", config]),
    "keelson apply": async (config: string) => platform().keelson(["apply", "--config", config]),
    "keelson status --local": async (config: string) => runKeelson(["status", "--local", "--config", config]),
    "keelson sync": async (config: string) => runKeelson(["sync", "--config", config]),
    "keelson logs": async (config: string) => runKeelson(["logs", "web", "--config", config]),
    "keelson exec": async (config: string) => runKeelson(["exec", "--config", config, "web", "web", "true"]),
  };

  afterEach(async () => {
    await chmod(platform().stateDir, 0o700);
    await chown(platform().stateDir, 0, 0);
  });

  beforeAll(async () => {
    expectReady(await platform().reconcile());
    before = await platform().containers();
  });

  /** What those programs say that do not refuse to act, or not by naming the command that mends it. */
  async function unrefused(mend: string, call: { config: string; by?: string[] }): Promise<string[]> {
    const failures: string[] = [];
    for (const [name, run] of Object.entries(programs)) {
      if (call.by?.includes(name) === false) continue;
      const { exitCode, stdout, stderr } = await run(call.config);
      const said = stdout + stderr;
      const isRefused = exitCode === 1 && said.includes("K4016") && said.includes(`run: ${mend}`);
      if (!isRefused) failures.push(`${name}: ${exitCode} ${said}`);
    }
    await expectUntouched(platform(), before);
    return failures;
  }

  /** agent.yaml with a change, as a file of its own. */
  async function configWith(
    name: string,
    change: (config: Record<string, unknown>) => void,
  ): Promise<string> {
    const path = inFolder(name);
    const config = parse(await readFile(platform().config, "utf8"));
    change(config);
    await writeFile(path, stringify(config));
    return path;
  }

  it("agent.yaml that others can write must be refused, and its command not run", async () => {
    const ran = inFolder("ran");
    const path = await configWith("open.yaml", (config) => {
      Object.assign(Object(config["source"]), { credential: { command: ["touch", ran] } });
    });
    await chmod(path, 0o666);
    expect(await unrefused(`chmod go-w ${path}`, { config: path })).toEqual([]);
    const doctor = await runKeelson(["doctor", "--config", path]);
    expect([doctor.exitCode, doctor.stdout]).toEqual([1, expect.stringContaining(`chmod go-w ${path}`)]);
    expect(existsSync(ran)).toBe(false);
  });

  it("agent.yaml of another user must be refused, also by a link to it", async () => {
    const path = await configWith("foreign.yaml", () => {});
    await chown(path, stranger, stranger);
    await symlink(path, inFolder("link.yaml"));
    expect(await unrefused(`chown -h 0 ${path}`, { config: path })).toEqual([]);
    expect(
      await unrefused(`chown -h 0 ${path}`, {
        config: inFolder("link.yaml"),
        by: ["keelson-agent reconcile", "keelson plan"],
      }),
    ).toEqual([]);
  });

  it.each<[string, (path: string) => Promise<unknown>]>([
    ["a pipe", async (path) => runProgram(["mkfifo", path])],
    ["a device that never ends", async (path) => symlink("/dev/zero", path)],
  ])("agent.yaml that is %s must be refused, and hold up nobody", async (_, make) => {
    const path = inFolder("odd.yaml");
    await make(path);
    for (const run of Object.values(programs)) {
      const { exitCode, stderr } = await run(path);
      expect([exitCode, stderr]).toEqual([1, expect.stringContaining("it is not an ordinary, small file")]);
    }
    const doctor = await runKeelson(["doctor", "--config", path]);
    expect([doctor.exitCode, doctor.stdout]).toEqual([1, expect.stringContaining("K1004")]);
    await rm(path);
    await expectUntouched(platform(), before);
  });

  it("agent.yaml in a folder in which others write must be refused", async () => {
    const folder = inFolder("open");
    await mkdir(folder);
    const path = await configWith("open/agent.yaml", () => {});
    await chmod(folder, 0o777);
    expect(
      await unrefused(`chmod go-w ${folder}`, {
        config: path,
        by: ["keelson-agent reconcile", "keelson status --local"],
      }),
    ).toEqual([]);
    await chmod(folder, 0o1777);
    expect((await runAgent(["reconcile", "--config", path])).exitCode).toBe(0);
  });

  it.each([
    ["a credential file", (file: string) => ({ source: { credential: { file } } })],
    [
      "a script that a credential command names",
      (file: string) => ({ source: { credential: { command: ["sh", file] } } }),
    ],
    ["a file of known hosts", (file: string) => ({ source: { knownHosts: file } })],
    ["a script that is told of changes", (file: string) => ({ notify: { command: ["sh", file] } })],
    [
      "a webhook's credential file",
      (file: string) => ({ notify: { webhook: { url: "http://hook.example/", credential: { file } } } }),
    ],
  ])("%s that others can write must be refused", async (_what, changeFor) => {
    const file = inFolder("named");
    await writeFile(file, "echo token\n", { mode: 0o600 });
    await chmod(file, 0o602);
    const { source = {}, ...more }: Record<string, object> = changeFor(file);
    const path = await configWith("named.yaml", (config) => {
      Object.assign(Object(config["source"]), source);
      Object.assign(config, more);
    });
    expect(
      await unrefused(`chmod go-w ${file}`, {
        config: path,
        by: ["keelson-agent reconcile", "keelson plan"],
      }),
    ).toEqual([]);
    await chmod(file, 0o600);
    expect((await runAgent(["reconcile", "--config", path])).stderr).not.toContain("K4016");
  });

  it("a state folder that others can write, or of another user, must be refused", async () => {
    const { stateDir, config } = platform();
    await chmod(stateDir, 0o777);
    const written = (await stat(join(stateDir, "status.json"))).mtimeMs;
    expect(await unrefused(`chmod go-w ${stateDir}`, { config })).toEqual([]);
    const round = await platform().reconcile();
    expectFault(round, { code: "K4016", says: "can be changed by others" });
    expect((await stat(join(stateDir, "status.json"))).mtimeMs).toBe(written);
    await chmod(stateDir, 0o700);
    await chown(stateDir, stranger, stranger);
    expect(
      await unrefused(`chown -h 0 ${stateDir}`, {
        config: config,
        by: ["keelson-agent reconcile", "keelson status --local"],
      }),
    ).toEqual([]);
    const doctor = await runKeelson(["doctor", "--config", config]);
    expect(doctor.stdout).toContain(`chown -h 0 ${stateDir}`);
    await chown(stateDir, 0, 0);
    expectReady(await platform().reconcile());
  });

  it.each(["record.db", "instances", "status.json"])(
    "%s that others can write, in a state folder into which they may look, must be refused",
    async (name) => {
      const { stateDir, config } = platform();
      const path = join(stateDir, name);
      const { mode } = await stat(path);
      await chmod(stateDir, 0o755);
      await chmod(path, 0o777);
      const by = ["keelson-agent reconcile", "keelson plan"];
      expect(await unrefused(`chmod go-w ${path}`, { config, by })).toEqual([]);
      await chmod(path, mode & 0o777);
      expectReady(await platform().reconcile());
    },
  );

  it("a state folder, key or secrets file in a folder that is another user's must be refused", async () => {
    const folder = inFolder("theirs");
    await mkdir(folder);
    for (const change of [{ stateDir: join(folder, "state") }, { keyFile: join(folder, "node.key") }]) {
      const path = await configWith("theirs.yaml", (config) => Object.assign(config, change));
      await chown(folder, stranger, stranger);
      expect(
        await unrefused(`chown -h 0 ${folder}`, {
          config: path,
          by: ["keelson-agent reconcile", "keelson plan"],
        }),
      ).toEqual([]);
      await chown(folder, 0, 0);
    }
    expect(await readdir(folder)).toEqual([]);
  });

  it("a link to a state folder that is root's must be followed", async () => {
    const { stateDir, config } = platform();
    await rename(stateDir, `${stateDir}-moved`);
    await symlink(`${stateDir}-moved`, stateDir);
    const plan = await platform().keelson(["plan", "--config", config]);
    await rm(stateDir);
    await rename(`${stateDir}-moved`, stateDir);
    expect(plan.stderr).toBe("");
    expect(plan.exitCode).toBe(0);
  });

  it.each([
    ["another program's database", "CREATE TABLE moz_places (id INTEGER)", 0],
    ["another program's database of a high version", "CREATE TABLE moz_places (id INTEGER)", 77],
    ["a record whose tables lack a column", "ALTER TABLE containers DROP COLUMN service", null],
    ["a record without its tables", "DROP TABLE applied", null],
  ])("%s in the record's place must be set aside and told of (K4017)", async (_what, sql, version) => {
    const record = join(platform().stateDir, "record.db");
    if (version !== null)
      for (const end of ["", "-wal", "-shm"]) await rm(`${record}${end}`, { force: true });
    {
      using database = new DatabaseSync(record);
      database.exec(sql);
      if (version !== null) database.exec(`PRAGMA user_version = ${version}`);
    }
    const round = await platform().reconcile();
    expectFault(round, { code: "K4017", says: "was set aside as" });
    await expectUntouched(platform(), before);
    // What is ours is known by its labels.
    const later = await platform().reconcile();
    expectReady(later);
    expect(later.output).toContain("nothing to do");
    await expectUntouched(platform(), before);
  });
});
