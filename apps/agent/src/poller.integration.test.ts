import { once } from "node:events";
import { createServer } from "node:net";

import { type GitServer, findFreePort, startStateServer } from "@keelson/test/support";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

import type { Log } from "./log-event.ts";
import { type Poller, closePoller, findTrigger, isGitSilent, openPoller, pollGit } from "./poller.ts";
import type { RoundSummary } from "./round-summary.ts";
import { newRoundSummary } from "./test-round-summary.ts";

describe("a poll of a branch and an engine", () => {
  const cleanUp = new AsyncDisposableStack();
  let server: GitServer;
  let poller: Poller;
  let commit: string;
  const events: string[] = [];
  const failures: string[] = [];
  const log: Log = ({ event }) => void events.push(event);
  const find = async (fields: Partial<RoundSummary>, isFirst = false) =>
    (await findTrigger(poller, { summary: newRoundSummary(fields), isFirst }))?.name ?? null;
  const trigger = async (commitBefore: string) => find({ commit: commitBefore });

  beforeAll(async () => {
    const state = cleanUp.use(await startStateServer());
    const { url, repository } = state;
    ({ server } = state);
    commit = await repository.commit({ files: { file: "1" }, message: "first" });
    await repository.push();
    const { target } = newRoundSummary();
    const git = { ...target.git, url, timeoutMs: 60_000 };
    const onPollFailure = (target: string) => void failures.push(target);
    const dockerHost = process.env["DOCKER_HOST"];
    poller = openPoller(
      { ...target, environment: "nobody-has-this", git, dockerHost },
      { log, onPollFailure },
    );
  });
  beforeEach(() => {
    // Longer than Git takes on a busy machine.
    poller.gitPatienceMs = 60_000;
  });
  afterAll(async () => {
    closePoller(poller);
    await cleanUp.disposeAsync();
  });

  it("must find nothing where all is as the round left it", async () => {
    expect(await trigger(commit)).toBeNull();
  });

  it("must trigger a round once for a commit that rounds cannot apply", async () => {
    expect([await trigger(""), await trigger(""), await trigger("")]).toEqual([
      `commit ${commit.slice(0, 8)}`,
      null,
      null,
    ]);
  });

  it("must trigger again when Git was away in between, and log that once", async () => {
    await server.stop();
    expect([await trigger(""), await trigger("")]).toEqual([null, null]);
    await server.start();
    expect(await trigger("")).toBe(`commit ${commit.slice(0, 8)}`);
    expect({ events, failures }).toEqual({ events: ["git-away", "git-back"], failures: ["git", "git"] });
  });

  it("must have one poll of Git at a time", async () => {
    const before = server.requests.length;
    expect(await Promise.all([pollGit(poller), pollGit(poller)])).toEqual([commit, commit]);
    expect(server.requests.length).toBe(before + 1);
  });

  it("must find changed containers while Git is silent, and take its answer when it comes", async () => {
    expect(isGitSilent(poller)).toBe(false);
    // So much longer than a poll's patience that a slow engine does not matter.
    server.setBehaviour({ kind: "slow", delayMs: 6_000 });
    poller.gitPatienceMs = 100;
    expect(await find({ commit: "", containers: { gone: "running healthy" } }, true)).toBe(
      "containers changed",
    );
    // That poll did not wait for Git.
    expect(poller.gitPoll).not.toBeNull();
    expect(await find({ commit: "" })).toBeNull();
    expect(isGitSilent(poller)).toBe(true);
    await pollGit(poller);
    expect(isGitSilent(poller)).toBe(false);
    server.setBehaviour({ kind: "hang" });
    const late = `commit ${commit.slice(0, 8)}`;
    expect(await find({ commit: "" })).toBe(late);
    server.setBehaviour({ kind: "normal" });
    await server.stop(); // ends what hangs
    await pollGit(poller);
    await server.start();
  });

  it("must trigger a round each time when a container of the round is gone", async () => {
    const summary = newRoundSummary({ commit, containers: { gone: "running healthy" } });
    const changed = { name: "containers changed", isAnew: false };
    expect(await findTrigger(poller, { summary, isFirst: true })).toEqual(changed);
    expect(await findTrigger(poller, { summary, isFirst: true })).toEqual(changed);
  });

  it("must trigger a round when an awaited port is free, once each time, and ever later when that never lasts", async () => {
    const port = await findFreePort();
    const awaits = [{ kind: "port", hostIp: "127.0.0.1", port, protocol: "tcp" } as const];
    const summary = newRoundSummary({ commit, awaits });
    const look = async () => findTrigger(poller, { summary, isFirst: false });
    const free = { name: `port ${port}/tcp is free`, isAnew: true };
    const isWaiting = () => poller.backoff.isWaiting(free.name, performance.now());
    let freed = 0;
    while (!isWaiting()) {
      const program = createServer().listen(port, "127.0.0.1");
      await once(program, "listening");
      expect(await look()).toBeNull();
      program.close();
      await once(program, "close");
      expect(await look()).toEqual(free);
      freed++;
      // The round that it triggered did not get the port, and yet it is free.
      expect(await look()).toBeNull();
    }
    expect(freed).toBe(3);
  });

  it("must not say that an engine answers again to a round that did not ask it", async () => {
    expect(await find({ commit, containers: null }, true)).toBeNull();
    expect(await find({ commit, containers: null, isEngineAway: true }, true)).toBe(
      "the engine answers again",
    );
  });

  it("must not take an engine that does not answer for one that freed something", async () => {
    const awaits = [{ kind: "volume", name: "lab-core_data" } as const];
    const away = openPoller(
      { ...newRoundSummary().target, dockerHost: "unix:///nowhere/docker.sock" },
      { log, onPollFailure: () => {} },
    );
    const found = await findTrigger(away, {
      summary: newRoundSummary({ awaits, containers: {} }),
      isFirst: false,
    });
    closePoller(away);
    expect(found).toEqual({ name: "the engine does not answer", isAnew: false });
  });
});
