import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { publishStatus } from "../../../libs/git/src/index.ts";
import { type MadeStatus, makeStatus } from "../../../libs/report/src/fleet-fixture.ts";
import {
  keelsonCommand,
  makeTempFolder,
  plainEnvironment,
  runKeelson,
  startStateServer,
  waitFor,
} from "../../support/index.ts";

/** A server, somebody who pushes to it, an operator's clone, and nodes that publish what a test makes up. */
async function makeFleet(nodes: readonly string[]) {
  await using stack = new AsyncDisposableStack();
  const { server, url, repository: author } = stack.use(await startStateServer());
  const folder = stack.use(await makeTempFolder("keelson-fleet-"));
  const documents = nodes.map((place) => {
    const [environment, node] = place.split("/");
    return [`environments/${environment}/nodes/${node}.yaml`, `name: ${node}\n`];
  });
  const push = async (files: Record<string, string | null> = {}) => {
    const commit = await author.commit({ files });
    await author.push();
    return commit;
  };
  const first = await push(Object.fromEntries(documents));
  const clone = folder.join("clone");
  await author.git("clone", "--quiet", url, clone);
  const cleanUp = stack.move();
  return {
    server,
    url,
    author,
    first,
    push,
    clone,
    git: (...args: string[]) => author.git("-C", clone, ...args),
    keelson: (args: string) => runKeelson(["status", "-C", clone, ...args.split(" ").filter(Boolean)]),
    /** As the node would, now; `of` is whose report it claims to be. */
    report: async (
      place: string,
      made: MadeStatus & { as?: "notes" | "branch"; of?: string; json?: string; to?: string } = {},
    ) => {
      const [environment = "", node = ""] = place.split("/");
      const { as = "notes", of = place, json, to = url, ...rest } = made;
      const status = makeStatus({
        applied: first,
        observedAt: new Date().toISOString(),
        ...rest,
        place: of,
      });
      await publishStatus({
        url: to,
        gitDir: folder.join(`${as}-${environment}-${node}`),
        as,
        environment,
        node,
        commit: first,
        timeoutMs: 60_000,
        files: () => ({ json: json ?? JSON.stringify(status), markdown: "" }),
      });
    },
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  };
}

type Fleet = Awaited<ReturnType<typeof makeFleet>>;

const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
/** Lines of the table, without its head, as cells. */
const cells = (stdout: string) =>
  (stdout.split("\n\n")[0] ?? "")
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/ {2,}/));

describe("the status of a fleet", () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await makeFleet(["lab/n1", "lab/n2", "lab/n3", "lab/n4", "lab/n5", "lab/n6", "clinic/n1"]);
    await Promise.all([
      fleet.report("lab/n1"),
      fleet.report("lab/n2", { stalled: ["the branch was rewound"] }),
      fleet.report("lab/n3", { observedAt: hoursAgo(5) }),
      fleet.report("lab/n4", {
        transient: ["the registry\n\u001b[2Jis away"],
        applied: "b".repeat(40),
        retry: { attempt: 9, nextAt: hoursAgo(-2.5) },
      }),
      fleet.report("lab/n5", { of: "lab/n1" }),
      fleet.report("clinic/n1", { as: "branch" }),
      fleet.report("lab/left"),
    ]);
  });
  afterAll(async () => fleet[Symbol.asyncDispose]());

  it("must be read from a clone that knew nothing of it, which is set up once", async () => {
    const offline = await fleet.keelson("--offline");
    expect(offline.stdout).toContain("7 nodes: 7 never reported");
    expect([offline.stderr, offline.exitCode]).toEqual(["", 1]);

    const { exitCode, stderr, stdout } = await fleet.keelson("");
    expect(stderr).toMatch(/^From now on git fetch origin brings the statuses.*\n$/);
    const [head, short] = [fleet.first, fleet.first.slice(0, 8)];
    const span = expect.stringMatching(/^\d+ (?:s|min)$/);
    expect(cells(stdout)).toEqual([
      ["lab", "n5", "forged", "refs/notes/keelson/lab/n5 says that it is of lab/n1"],
      ["lab", "n2", "stalled", span, short, expect.stringMatching(/ago$/), "K2001 the branch was rewound"],
      [
        "lab",
        "n4",
        "failing",
        span,
        "bbbbbbbb",
        expect.anything(),
        "next try in 2 h: K2001 the registry\\n\\u{1b}[2Jis away",
      ],
      ["lab", "n3", "silent", "4 h", short, "5 h ago", expect.stringMatching(/^silent since 20\d\d-.*Z$/)],
      ["lab", "n6", "never reported", "no report is in its ref"],
      ["lab", "left", "not in the repository", short, expect.anything(), "the last that it reported: ready"],
      ["clinic", "n1", "ready", span, short, expect.stringMatching(/ago$/)],
      ["lab", "n1", "ready", span, short, expect.stringMatching(/ago$/)],
    ]);
    expect(stdout).toContain(
      "8 nodes: 2 ready, 1 forged, 1 stalled, 1 failing, 1 silent, 1 never reported, 1 not in the repository\n" +
        `compared with origin/main at ${head.slice(0, 8)}; 1 cannot be compared: try git fetch\n`,
    );
    expect(exitCode).toBe(1);

    expect((await fleet.keelson("")).stderr).toBe("");
    await fleet.git("fetch", "--quiet");
    expect(await fleet.git("log", "--notes=keelson/*")).toContain("the branch was rewound");
  });

  it("must be that of some nodes only when they are named, and 0 when all of them are ready", async () => {
    const clinic = await fleet.keelson("-e clinic");
    expect(cells(clinic.stdout).map(([environment, node]) => [environment, node])).toEqual([
      ["clinic", "n1"],
    ]);
    expect(clinic.stdout).toContain("1 node: 1 ready\n");
    expect(clinic.exitCode).toBe(0);
    const n1 = await fleet.keelson("-n n1");
    expect(n1.stdout).toContain("2 nodes: 2 ready\n");
    const wrong = await fleet.keelson("-e clinc");
    expect(wrong.stderr).toMatch(/^error\[K9050\] there is no node `clinc`\n {2}hint: did you mean `clinic`/);
    expect([wrong.stdout, wrong.exitCode]).toEqual(["", 1]);
    expect((await fleet.keelson("-e lab -n m1")).stderr).toContain("did you mean `n1`");
  });

  it("must be one node's whole report when that is named, and not call a silent one ready", async () => {
    const n2 = await fleet.keelson("-e lab -n n2");
    expect(n2.stdout).toMatch(/^lab\/n2 {2}stalled {2}K2001 the branch was rewound\nobserved 20/);
    expect(n2.stdout).toContain("error[K2001] the branch was rewound\n  hint: Do it.\n");
    const n3 = await fleet.keelson("-e lab -n n3");
    expect(n3.stdout).toMatch(/^lab\/n3 {2}silent {2}silent since/);
    expect(n3.stdout).not.toContain("ready");
    expect(n3.stdout).toMatch(/^observed \S+ {2}so since 20\d\d-\S+ {2}applied/m);
    const n4 = await fleet.keelson("-e lab -n n4");
    expect(n4.stdout).toContain("error[K2001] the registry\\n\\u{1b}[2Jis away\n");
    expect(n4.stdout).toMatch(/^next try in 2 h, at 20\S+Z, number 9 in a row$/m);
    expect(n2.stdout).not.toContain("next try");
    const all = await fleet.keelson("-e lab");
    expect(all.stdout).toMatch(/^lab +n4 .* next try in 2 h: K2001 the registry/m);
    expect(all.stdout.match(/next try/g)).toHaveLength(1);
    expect((await fleet.keelson("-e lab -n n5")).stdout).toContain("forged");
    expect((await fleet.keelson("-e lab -n n6")).stdout).toContain("never reported");
  });

  it("must be JSON with every status, and nothing of what is not believed", async () => {
    const { exitCode, stdout, stderr } = await fleet.keelson("--json");
    const rows: Record<string, unknown>[] = JSON.parse(stdout);
    expect(rows.map(({ environment, node, state }) => [environment, node, state])).toHaveLength(8);
    expect(rows[0]).toMatchObject({ node: "n5", state: "forged", status: null, applied: "" });
    expect(rows[1]).toMatchObject({
      node: "n2",
      state: "stalled",
      code: "K2001",
      behind: false,
      ref: "refs/notes/keelson/lab/n2",
      status: { v: 1, node: { environment: "lab", name: "n2" }, errors: [{ code: "K2001" }] },
    });
    expect([exitCode, stderr]).toEqual([1, ""]);
  });

  it("must take no option and no remote for something else", async () => {
    const calls: [string, number, RegExp][] = [
      ["--watch 0", 2, /from 1 to 86400/],
      ["--watch soon", 2, /from 1 to 86400/],
      ["--remote upstream", 1, /warning: [^]*error\[K2004\].*upstream/],
      ["--state-dir /nowhere", 1, /error\[K4014\]/],
      ["--local --state-dir /nowhere", 1, /error\[K4014\]/],
    ];
    for (const [args, exitCode, text] of calls) {
      const result = await fleet.keelson(args);
      expect([args, result.exitCode]).toEqual([args, exitCode]);
      expect(result.stderr).toMatch(text);
    }
    const nothing = await runKeelson(["status", "-C", "/"]);
    expect(nothing.stderr).toMatch(/^error\[K2004\]/);
  });
});

describe("the status of a fleet that changes", () => {
  it("must take the newer of a node's two refs, and what is fetched later", async () => {
    await using fleet = await makeFleet(["lab/n1"]);
    await fleet.report("lab/n1", { seq: 7, transient: ["old"], observedAt: hoursAgo(2) });
    await fleet.report("lab/n1", { seq: 8, as: "branch" });
    expect((await fleet.keelson("")).exitCode).toBe(0);
    await fleet.report("lab/n1", { seq: 9, transient: ["new"] });
    expect((await fleet.keelson("--offline")).exitCode).toBe(0);
    expect((await fleet.keelson("")).stdout).toContain("K2001 new");
    // What nobody can read might be the newest.
    await fleet.report("lab/n1", { as: "branch", json: "{}" });
    expect((await fleet.keelson("")).stdout).toContain("unreadable");
  });

  it("must not be better than the node says by any branch that somebody else pushed", async () => {
    await using fleet = await makeFleet(["lab/n1"]);
    await fleet.report("lab/n1", { stalled: ["real"] });
    await fleet.report("lab/n1", { as: "branch", observedAt: "2099-01-01T00:00:00Z", heartbeatSeconds: 0 });
    expect((await fleet.keelson("")).stdout).toContain("K2001 real");
    await fleet.report("lab/n1", { as: "branch" });
    expect((await fleet.keelson("")).stdout).toContain("K2001 real");
  });

  it("must say which nodes are behind the branch, which it brings along", async () => {
    await using fleet = await makeFleet(["lab/n1", "lab/n2"]);
    const next = await fleet.push();
    await fleet.report("lab/n1");
    await fleet.report("lab/n2", { applied: next });
    const behind = async () => {
      const rows: { node: string; behind: boolean }[] = JSON.parse((await fleet.keelson("--json")).stdout);
      return rows.map((row) => [row.node, row.behind]);
    };
    expect(await behind()).toEqual([
      ["n1", true],
      ["n2", false],
    ]);
    const [n1, n2] = cells((await fleet.keelson("")).stdout);
    expect([n1?.[2], n1?.[4]]).toEqual(["ready", `${fleet.first.slice(0, 8)} behind`]);
    expect([n2?.[2], n2?.[4]]).toEqual(["ready", next.slice(0, 8)]);
  });

  it("must be what the clone has, and not 0, while the server is away", async () => {
    await using fleet = await makeFleet(["lab/n1"]);
    await fleet.report("lab/n1");
    expect((await fleet.keelson("")).exitCode).toBe(0);
    await fleet.server.stop();
    const { exitCode, stdout, stderr } = await fleet.keelson("");
    expect(stdout).toContain("1 node: 1 ready");
    expect(stderr).toMatch(/^warning: the fetch failed; this is what the clone has\nerror\[K2001\]/);
    expect(exitCode).toBe(1);
    const offline = await fleet.keelson("--offline");
    expect([offline.stderr, offline.exitCode]).toEqual(["", 0]);
  });

  it("must be watched as lines, until an interrupt", async () => {
    await using fleet = await makeFleet(["lab/n1", "lab/n2"]);
    await fleet.report("lab/n1");
    await using watch = start(keelsonCommand(["status", "-C", fleet.clone, "--watch", "1"]));
    await waitFor(() => watch.output().includes("2 nodes: 1 ready, 1 never reported"), {
      what: "the first view",
    });
    await fleet.report("lab/n1", { seq: 2, stalled: ["a"] });
    await waitFor(() => watch.output().includes("lab/n1  ready → stalled"), {
      what: "the change",
    });
    await fleet.report("lab/n2");
    await waitFor(() => watch.output().includes("lab/n2  never reported → ready"), {
      what: "the other change",
    });
    expect(watch.output().match(/^environment/gm)).toHaveLength(1);
    expect(await watch.interrupt()).toBe(0);
  });

  it("must be redrawn on a terminal, cut to it, until an interrupt", async () => {
    await using fleet = await makeFleet(["lab/n1", "lab/n2"]);
    await fleet.report("lab/n1", { transient: [`it is ${"very ".repeat(50)}long`] });
    const command = keelsonCommand(["status", "-C", fleet.clone, "--watch", "1"]);
    // script(1) gives a program a terminal.
    const line = `stty rows 24 cols 100; exec ${command.map((word) => `'${word}'`).join(" ")}`;
    await using watch = start(["script", "--quiet", "--return", "--command", line, "/dev/null"]);
    await waitFor(() => /1 failing, 1 never reported/.test(watch.output()), {
      what: "the first picture",
    });
    expect(watch.output()).toMatch(/it is very [^\n]*…/);
    expect(watch.output()).not.toContain("long");
    await fleet.report("lab/n2");
    await waitFor(() => /1 ready, 1 failing/.test(watch.output()), {
      what: "the next picture",
    });
    watch.type("\u0003");
    expect(await watch.end).toBe(0);
  });
});

describe("the repository that nodes push their statuses to", () => {
  it("must show them, and keep them, although its own remote has none", async () => {
    await using fleet = await makeFleet(["lab/n1"]);
    const { url } = fleet;
    await fleet.report("lab/n1", { to: fleet.clone });
    for (const remotes of [1, 1, 0]) {
      if (remotes === 0) await fleet.git("remote", "remove", "origin");
      const { exitCode, stdout, stderr } = await fleet.keelson("");
      expect([exitCode, stderr]).toEqual([0, ""]);
      expect(stdout).toMatch(/n1 +ready/);
    }
    expect(await fleet.git("ls-remote", url)).not.toContain("keelson");
  });
});

describe("waiting until the fleet has applied a commit", () => {
  it("must end with 0 when every node has applied it or a later one, and tell what changes meanwhile", async () => {
    await using fleet = await makeFleet(["lab/n1", "lab/n2"]);
    const commit = await fleet.push();
    const later = await fleet.push();
    await fleet.report("lab/n1", { applied: later });
    await fleet.report("lab/n2");
    // The repository does not name it any more: nobody waits for it, however it was left.
    await fleet.report("lab/left", { stalled: ["it was switched off"], observed: later });
    const command = ["status", "-C", fleet.clone, "--wait", commit, "--timeout", "2m"];
    await using wait = start(keelsonCommand(command));
    await waitFor(() => wait.output().includes(`waiting for 1 of 2 nodes to apply ${commit.slice(0, 8)}`), {
      what: "the wait",
    });
    await fleet.report("lab/n2", { transient: ["the registry is away"], observed: later });
    await waitFor(() => wait.output().includes("lab/n2  ready → failing"), { what: "the change" });
    await fleet.report("lab/n2", { applied: later });
    expect(await wait.end).toBe(0);
    expect(wait.output()).toContain("2 nodes: 2 ready");
    const one = await fleet.keelson(`--wait ${commit} -e lab -n n1 --json`);
    expect([one.exitCode, one.stderr]).toEqual([0, ""]);
    expect(JSON.parse(one.stdout)).toMatchObject({
      commit,
      isApplied: true,
      code: "",
      nodes: [{ node: "n1", wait: "applied" }],
    });
    const left = await fleet.keelson(`--wait ${commit} -e lab -n left`);
    expect([left.exitCode, left.stderr]).toEqual([1, expect.stringContaining("error[K9050]")]);
  });

  it("must end with 1 as soon as a node has failed at it for good, and not for what was before it", async () => {
    await using fleet = await makeFleet(["lab/n1", "lab/n2"]);
    const commit = await fleet.push();
    await fleet.report("lab/n1", { stalled: ["before"] });
    await fleet.report("lab/n2", { applied: commit });
    const late = await fleet.keelson(`--wait ${commit} --timeout 8s`);
    expect(late.exitCode).toBe(1);
    // The fetches before its time was over did not fail.
    expect(late.stderr).not.toMatch(/warning|K2005/);
    expect(late.stderr).toMatch(/^error\[K9075\] lab\/n1 \(stalled: K2001 before\) has not applied/m);
    await fleet.report("lab/n1", { stalled: ["no such image"], observed: commit });
    const failed = await fleet.keelson(`--wait ${commit} --timeout 1h`);
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toMatch(/^error\[K9076\] lab\/n1 \(stalled: K2001 no such image\) cannot apply/m);
    const json = JSON.parse((await fleet.keelson(`--wait ${commit} --timeout 1h --json`)).stdout);
    expect(json).toMatchObject({
      isApplied: false,
      code: "K9076",
      nodes: [{ wait: "failed" }, { wait: "applied" }],
    });
  });

  it("must end with 1 where something is blocked that only a person can solve", async () => {
    await using fleet = await makeFleet(["lab/n1"]);
    const commit = await fleet.push();
    await fleet.report("lab/n1", { observed: commit, blocked: ["K3032"] });
    const { exitCode, stderr } = await fleet.keelson(`--wait ${commit} --timeout 1h`);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error\[K9076\] lab\/n1 \(failing: K3032 it is blocked\) cannot apply/m);
  });

  it("must say which commit was applied in its place, and whether that took it back", async () => {
    await using fleet = await makeFleet(["lab/n1", "lab/n2"]);
    const commit = await fleet.push({ wanted: "1" });
    const later = await fleet.push({ other: "1" });
    await fleet.author.git("revert", "--no-edit", commit);
    await fleet.author.push();
    const reverted = await fleet.author.head();
    await fleet.report("lab/n1", { applied: reverted });
    await fleet.report("lab/n2", { applied: later });
    const { exitCode, stdout } = await fleet.keelson(`--wait ${commit}`);
    const [first, second, third] = [commit, later, reverted].map((each) => each.slice(0, 8));
    expect(exitCode).toBe(0);
    expect(stdout).toContain(
      `lab/n1 applied ${third}, which follows on ${first}; ${third} reverted it\n` +
        `lab/n2 applied ${second}, which follows on ${first}\n`,
    );
    const json = JSON.parse((await fleet.keelson(`--wait ${commit} --json`)).stdout);
    expect(json.nodes).toMatchObject([{ revertedBy: reverted }, { revertedBy: "" }]);
  });

  it("must end when its time is over, also while the server does not answer", async () => {
    await using fleet = await makeFleet(["lab/n1"]);
    await fleet.report("lab/n1");
    const commit = await fleet.push();
    await fleet.git("fetch", "--quiet");
    fleet.server.setBehaviour({ kind: "hang" });
    const beganMs = performance.now();
    const { exitCode, stderr } = await fleet.keelson(`--wait ${commit} --timeout 2s`);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/warning: the fetch failed[^]*error\[K2005\][^]*error\[K9075\] lab\/n1/);
    // By itself a fetch takes a minute to give up.
    expect(performance.now() - beganMs).toBeLessThan(50_000);
  });

  it("must not guess in a clone whose history is cut, and take no wrong call", async () => {
    await using fleet = await makeFleet(["lab/n1"]);
    const commit = await fleet.push();
    const later = await fleet.push();
    await fleet.report("lab/n1", { applied: later });
    const cut = `${fleet.clone}-cut`;
    await fleet.git("fetch", "--quiet");
    await fleet.git("clone", "--quiet", "--depth=1", fleet.url, cut);
    const told = await runKeelson(["status", "-C", cut, "--wait", later]);
    expect(told.exitCode).toBe(0);
    await fleet.git("-C", cut, "fetch", "--quiet", "--depth=1", "origin", commit);
    const untold = await runKeelson(["status", "-C", cut, "--wait", commit, "--timeout", "1s"]);
    expect(untold.exitCode).toBe(1);
    expect(untold.stderr).toMatch(/error\[K9075\] [^]*hint: .*git fetch --unshallow/);
    expect((await fleet.keelson(`--wait ${commit}`)).exitCode).toBe(0);
    const unknown = await fleet.keelson(`--wait ${"0".repeat(40)}`);
    expect([unknown.exitCode, unknown.stderr]).toEqual([1, expect.stringContaining("error[K2004]")]);
    for (const other of ["--watch 1", "--offline", "--local"])
      expect((await fleet.keelson(`--wait ${commit} ${other}`)).exitCode).toBe(2);
  });
});

/** A program that goes on until it is told to stop; it is killed when the test is over. */
function start([file, ...args]: readonly [string, ...string[]]) {
  const child: ChildProcess = spawn(file, args, { env: plainEnvironment({ TERM: "xterm" }), stdio: "pipe" });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
  }
  const end = once(child, "exit").then(([code]: unknown[]) => code);
  return {
    output: () => text,
    end,
    type: (keys: string) => child.stdin?.write(keys),
    interrupt: async () => {
      child.kill("SIGINT");
      return await end;
    },
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await end;
    },
  };
}
