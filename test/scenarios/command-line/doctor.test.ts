import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { checkout, endProcess, outputOf, runKeelson, waitFor } from "../../support/index.ts";
import { expectReady } from "../faults/outcome.ts";
import { footprintOf } from "../footprint.ts";
import { usePlatform } from "../platform.ts";

const release = `
-- packages/web/compose.yaml --
services:
  app: { image: "IMAGES/app:1" }
`;
const password = "n0t-t0-be-seen";

interface Check {
  id: string;
  title: string;
  result: string;
  found: string;
  hint: string;
}

interface Answer {
  exitCode: number | null;
  checks: Record<string, Check>;
  /** Of checks that are neither fine nor skipped. */
  complaints: Record<string, string>;
}

/** The real command, with `--json`. */
async function examine(...args: string[]): Promise<Answer> {
  const { exitCode, stdout, stderr } = await runKeelson(["doctor", "--json", ...args]);
  expect(stderr).toBe("");
  expect(stdout).not.toContain(password);
  const list: Check[] = JSON.parse(stdout);
  const complaints = list.filter(({ result }) => result === "warning" || result === "failure");
  expect(complaints.filter(({ hint }) => hint === "")).toEqual([]);
  return {
    exitCode,
    checks: Object.fromEntries(list.map((check) => [check.id, check])),
    complaints: Object.fromEntries(complaints.map(({ id, result }) => [id, result])),
  };
}

/** What the agent that stays does at its socket, or one that hangs. */
async function listenAt(socketPath: string, end: "answers" | "hangs") {
  const server = createServer((_, response) => {
    if (end === "answers") response.writeHead(404).end();
  }).listen(socketPath);
  await once(server, "listening");
  return {
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

describe("keelson doctor", () => {
  const platform = usePlatform({ release, credentials: { username: "node", password } });
  const inFolder = (name: string) => join(platform().folder, name);
  /** agent.yaml with a change, as a file of its own. */
  const configWith = async (name: string, change: Record<string, unknown>) => {
    const path = inFolder(name);
    await writeFile(path, stringify({ ...parse(await readFile(platform().config, "utf8")), ...change }));
    return path;
  };
  const here = async (...args: string[]) => examine("--config", platform().config, ...args);
  /** Whether the repository takes pushes. */
  const setPush = async (name: string, mayPush: boolean) => {
    // Git leaves a repository that is there as it is.
    const path = await platform().server.createRepository(name);
    await outputOf(["git", "-C", path, "config", "http.receivepack", String(mayPush)]);
  };

  beforeAll(async () => {
    const credential = { file: inFolder("credential") };
    const report = { url: platform().server.url("reports"), credential };
    await setPush("reports", true);
    await setPush("platform", false);
    await rename(await configWith("agent.new", { report }), platform().config);
    expectReady(await platform().reconcile());
  });

  it("must find a healthy node healthy, and leave no trace", async () => {
    await using stack = new AsyncDisposableStack();
    stack.use(await listenAt(join(platform().stateDir, "agent.sock"), "answers"));
    const before = { files: await footprintOf(platform().folder), containers: await platform().containers() };
    const { checks, complaints, exitCode } = await here();
    expect(complaints).toEqual({});
    const skipped = Object.values(checks).filter(({ result }) => result === "skipped-because");
    expect(skipped.map(({ id }) => id)).toEqual(["git-programs", "notify", "registries", "data"]);
    expect(checks["engine"]?.found).toMatch(/^\d+\.\d+.*API 1\.\d+, storage \w+, cgroup \d/);
    expect(checks["branch"]?.found).toContain((await platform().repository.head()).slice(0, 8));
    expect(checks["ownership"]?.found).toBe("1 container made with this key");
    expect(checks["clock"]?.result).toBe("ok");
    expect(exitCode).toBe(0);
    expect({
      files: await footprintOf(platform().folder),
      containers: await platform().containers(),
    }).toEqual(before);
  });

  it("must be readable, and say that no agent stays", async () => {
    const { stdout, exitCode } = await runKeelson(["doctor", "--config", platform().config]);
    expect(stdout).toMatch(/^ok {4}agent\.yaml {2,}\S+: node \S+ of environment \S+$/m);
    expect(stdout).toMatch(/^warn {2}agent {2,}no agent is running.*\n +hint: .*keelson-agent run/m);
    expect(stdout).toMatch(/\n\n1 warning, \d+ fine, 4 skipped\.\n$/);
    expect(exitCode).toBe(0);
  });

  it("must say that the engine is away, and skip what only it knows", async () => {
    const { checks, complaints, exitCode } = await here("--docker-host", "unix:///nowhere/docker.sock");
    expect(complaints).toEqual({ engine: "failure", agent: "warning" });
    expect(checks["engine"]?.found).toContain("[K3001]");
    for (const id of ["engine-clock", "engine-disk", "registries", "ownership"]) {
      expect(checks[id]).toMatchObject({ result: "skipped-because", found: "the engine does not answer" });
    }
    expect(exitCode).toBe(1);
  });

  it("must see a wrong credential, and one that others can read", async () => {
    await writeFile(inFolder("wrong"), `node:${password}x\n`, { mode: 0o644 });
    const credential = { file: inFolder("wrong") };
    const source = { url: platform().server.url("platform"), credential };
    const report = { url: platform().server.url("reports"), credential };
    const { checks, complaints, exitCode } = await examine(
      "--config",
      await configWith("wrong.yaml", { source, report }),
    );
    expect(complaints).toEqual({
      credential: "warning",
      branch: "failure",
      "status-push": "failure",
      agent: "warning",
    });
    expect(checks["branch"]?.found).toContain("[K2002]");
    expect(checks["source-push"]?.result).toBe("skipped-because");
    expect(checks["credential"]?.hint).toBe(`Run: chmod 600 ${inFolder("wrong")}`);
    expect(exitCode).toBe(1);
  });

  it.each([
    ["node", { node: "nod-1" }, /has no node `nod-1` \[K1111\]/],
    ["environment", { environment: "nowhere" }, /there is no environment `nowhere` with a node \[K1110\]/],
  ])(
    "must see a name in agent.yaml that the repository does not have: the %s",
    async (key, change, found) => {
      const config = await configWith(`${key}.yaml`, change);
      const { checks, exitCode } = await examine("--config", config);
      expect(checks["name"]).toMatchObject({ result: "failure", found: expect.stringMatching(found) });
      expect(checks["name"]?.hint).not.toBe("");
      expect(exitCode).toBe(1);
    },
  );

  it("must see a Git server that is away, and end", async () => {
    await platform().server.stop();
    const { checks, complaints, exitCode } = await here();
    await platform().server.start();
    expect(complaints).toEqual({ branch: "failure", "status-push": "warning", agent: "warning" });
    expect(checks["branch"]?.found).toMatch(/\(ECONNREFUSED\) \[K2001\]$/);
    expect(checks["clock"]?.result).toBe("skipped-because");
    expect(exitCode).toBe(1);
  });

  it("must tell a status that cannot be pushed from one that need not be", async () => {
    const notes = await examine("--config", await configWith("notes.yaml", { report: { as: "notes" } }));
    expect(notes.complaints).toEqual({ "status-push": "failure", agent: "warning" });
    expect(notes.checks["source-push"]?.result).toBe("ok");
    expect(notes.exitCode).toBe(1);
    const none = await examine("--config", await configWith("none.yaml", { report: { as: "none" } }));
    expect(none.complaints).toEqual({ agent: "warning" });
    expect(none.checks["status-push"]?.result).toBe("skipped-because");
    expect(none.exitCode).toBe(0);
  });

  it("must warn when the credential for the status could change the branch too", async () => {
    await setPush("platform", true);
    const shared = await examine("--config", await configWith("notes.yaml", { report: { as: "notes" } }));
    const other = await here();
    await setPush("platform", false);
    expect(shared.complaints).toEqual({ "source-push": "warning", agent: "warning" });
    expect(shared.checks["source-push"]?.hint).toMatch(/Protect main .*report\.url/);
    expect(shared.exitCode).toBe(0);
    expect(other.checks["source-push"]?.hint).toContain("only reads");
  });

  it("must see a key and secrets that others can read, and a key that is gone or another", async () => {
    const key = inFolder("node.key");
    await chmod(key, 0o640);
    await chmod(platform().secretsFile, 0o604);
    const open = await here();
    await chmod(key, 0o600);
    await chmod(platform().secretsFile, 0o600);
    expect(open.complaints).toEqual({ secrets: "failure", key: "failure", agent: "warning" });
    expect(open.checks["key"]).toMatchObject({
      found: expect.stringContaining("[K5003]"),
      hint: `Run: chmod 600 ${key}`,
    });

    await rename(key, `${key}.copy`);
    const gone = await here();
    expect(existsSync(key)).toBe(false);
    await writeFile(key, `${"ab".repeat(32)}\n`, { mode: 0o600 });
    const another = await here();
    await rename(`${key}.copy`, key);
    expect(gone.complaints).toEqual({ key: "failure", agent: "warning" });
    expect(gone.checks["key"]?.found).toContain("[K5006]");
    expect(another.complaints).toEqual({ ownership: "failure", agent: "warning" });
    expect(another.checks["ownership"]?.found).toMatch(/^another key was used for 1 of 1 container/);
  });

  it("must say who holds the lock, and that the record is damaged", async () => {
    const lock = join(platform().stateDir, "lock");
    const holder = spawn("flock", ["--no-fork", lock, "sleep", "1000"], { stdio: "ignore" });
    const held = await waitFor(
      async () => {
        const answer = await here();
        return answer.checks["lock"]?.found === "free" ? null : answer;
      },
      { what: "the lock to be held" },
    );
    await endProcess(holder.pid ?? 0);
    expect(held.complaints).toEqual({ lock: "warning", agent: "warning" });
    expect(held.checks["lock"]?.found).toContain(`sleep (process ${holder.pid})`);

    const record = join(platform().stateDir, "record.db");
    await rename(record, `${record}.copy`);
    await writeFile(record, "no record\n".repeat(1000), { mode: 0o600 });
    const damaged = await here();
    await rename(`${record}.copy`, record);
    expect(damaged.complaints).toEqual({ record: "failure", agent: "warning" });
    expect(damaged.checks["record"]?.found).toContain("[K4010]");
  });

  it("must see the real agent, also while that is in a round", async () => {
    const socket = join(platform().stateDir, "agent.sock");
    await using agent = platform().startAgent();
    await agent.until("its socket", () => existsSync(socket));
    const { checks, complaints, exitCode } = await here();
    expect(complaints).toEqual({});
    expect(checks["agent"]).toMatchObject({ result: "ok", found: `runs, and answers at ${socket}` });
    expect(exitCode).toBe(0);
    await agent.end("SIGTERM");
  });

  it("must see an agent that hangs, and not wait for it", async () => {
    await using stack = new AsyncDisposableStack();
    stack.use(await listenAt(join(platform().stateDir, "agent.sock"), "hangs"));
    const { complaints, exitCode } = await here();
    expect(complaints).toEqual({ agent: "failure" });
    expect(exitCode).toBe(1);
  });

  it("must say what became of the last status push", async () => {
    const path = join(platform().stateDir, "status.json");
    const text = await readFile(path, "utf8");
    const status = JSON.parse(text);
    const reported = status.conditions.find(({ type }: { type: string }) => type === "Reported");
    Object.assign(reported, { status: "false", reason: "K2013", message: "the server does not let it" });
    await writeFile(path, JSON.stringify(status));
    const { complaints, checks } = await here();
    await writeFile(path, text);
    expect(complaints).toEqual({ report: "failure", agent: "warning" });
    expect(checks["report"]?.hint).toContain("keelson explain K2013");
  });

  it("must have every check on the page of the command line", async () => {
    const page = await readFile(join(checkout, "docs/spec/cli.md"), "utf8");
    const [, section = ""] = page.split("### doctor\n");
    const rows = (section.split("```console")[0] ?? "").split("\n").filter((line) => line.startsWith("| `"));
    const named = rows.flatMap((row) => (row.split("|")[1] ?? "").match(/[a-z-]+/g) ?? []);
    const { checks } = await here();
    expect(named.toSorted()).toEqual(Object.keys(checks).toSorted());
  });

  it("must say whether the program of notify can be run, and tell nobody", async () => {
    const told = inFolder("told");
    const program = inFolder("tell");
    await writeFile(program, `#!/bin/sh\ntouch '${told}'\n`, { mode: 0o600 });
    const webhook = { url: "http://127.0.0.1:1/a-s3cret-path" };
    const config = await configWith("notify.yaml", { notify: { command: [program], webhook } });
    const missing = await examine("--config", config);
    expect(missing.checks["notify"]).toMatchObject({
      result: "warning",
      found: expect.stringContaining(program),
    });
    await chmod(program, 0o700);
    const there = await examine("--config", config);
    expect(there.checks["notify"]).toMatchObject({
      result: "ok",
      found: `${program}, http://127.0.0.1:1`,
    });
    expect(existsSync(told)).toBe(false);
  });

  it("must look at a machine without agent.yaml, say how to write one, and make nothing", async () => {
    const stateDir = inFolder("elsewhere");
    const missing = inFolder("missing.yaml");
    const { checks, complaints, exitCode } = await examine("--config", missing, "--state-dir", stateDir);
    expect(complaints).toEqual({ config: "failure", agent: "warning" });
    expect(checks["config"]).toMatchObject({
      found: `there is no ${missing}`,
      hint: expect.stringMatching(/environment, node and source\.url.*docs\/spec\/agent\.md/),
    });
    expect(checks["compose"]?.result).toBe("ok");
    expect(checks["engine"]?.result).toBe("ok");
    expect(checks["branch"]?.result).toBe("skipped-because");
    expect([existsSync(stateDir), existsSync(`${stateDir}.key`)]).toEqual([false, false]);
    expect(exitCode).toBe(1);
  });

  it("must name the place of what is wrong in agent.yaml, and no login in its URL", async () => {
    const url = `https://node:${password}@git.invalid/x.git`;
    const path = inFolder("bad.yaml");
    await writeFile(path, stringify({ environment: "lab", source: { url } }));
    const { checks, complaints } = await examine("--config", path);
    expect(complaints).toMatchObject({ config: "failure" });
    expect(checks["config"]?.found).toMatch(/bad\.yaml:\d+:\d+ .*node.*\[K1012\]/);
    await writeFile(path, stringify({ environment: "lab", node: "n1", source: { url } }), { mode: 0o666 });
    await chmod(path, 0o666);
    const open = await examine("--config", path);
    expect(open.complaints).toMatchObject({ config: "failure" });
    expect(open.checks["config"]).toMatchObject({
      found: expect.stringMatching(/can be changed by others \(mode 0666\) \[K4016\]$/),
      hint: expect.stringContaining(`run: chmod go-w ${path}`),
    });
    // It may name a command, which is not run then.
    expect(open.checks["branch"]?.result).toBe("skipped-because");
    await rm(path);
  });
});
