import { type GitServer, startStateServer } from "@keelson/test/support";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { type Look, askGit, closeLook, findNews, isGitSilent, openLook } from "./look.ts";
import type { Log } from "./log-event.ts";
import { newRoundSummary } from "./test-round-summary.ts";

describe("a look at a branch and an engine", () => {
  const cleanUp = new AsyncDisposableStack();
  let server: GitServer;
  let look: Look;
  let commit: string;
  const events: string[] = [];
  const failures: string[] = [];
  const log: Log = ({ event }) => void events.push(event);
  const news = async (reported: string) =>
    findNews(look, { report: newRoundSummary({ commit: reported }), isFirst: false });

  beforeAll(async () => {
    const state = cleanUp.use(await startStateServer());
    const { url, repository } = state;
    ({ server } = state);
    commit = await repository.commit({ files: { file: "1" }, message: "first" });
    await repository.push();
    const { follow } = newRoundSummary();
    const git = { ...follow.git, url, timeoutMs: 60_000 };
    const onPollFailure = (of: string) => void failures.push(of);
    const dockerHost = process.env["DOCKER_HOST"];
    look = openLook({ ...follow, environment: "nobody-has-this", git, dockerHost }, { log, onPollFailure });
  });
  afterAll(async () => {
    closeLook(look);
    await cleanUp.disposeAsync();
  });

  it("must find nothing where all is as the round left it", async () => {
    expect(await news(commit)).toBeNull();
  });

  it("must ask for a round once for a commit that rounds cannot take", async () => {
    expect([await news(""), await news(""), await news("")]).toEqual([
      `commit ${commit.slice(0, 8)}`,
      null,
      null,
    ]);
  });

  it("must ask again when Git was away in between, and tell of it once", async () => {
    await server.stop();
    expect([await news(""), await news("")]).toEqual([null, null]);
    await server.start();
    expect(await news("")).toBe(`commit ${commit.slice(0, 8)}`);
    expect({ events, failures }).toEqual({ events: ["git-away", "git-back"], failures: ["git", "git"] });
  });

  it("must ask Git one question at a time", async () => {
    const before = server.requests.length;
    expect(await Promise.all([askGit(look), askGit(look)])).toEqual([commit, commit]);
    expect(server.requests.length).toBe(before + 1);
  });

  it("must look after containers while Git is silent, and take its answer when it comes", async () => {
    expect(isGitSilent(look)).toBe(false);
    server.setBehaviour({ kind: "slow", delayMs: 8_000 });
    const report = newRoundSummary({ commit: "", containers: { gone: "running healthy" } });
    expect(await findNews(look, { report, isFirst: true })).toBe("containers changed");
    // It was not waited for at all.
    expect(isGitSilent(look)).toBe(false);
    expect(await findNews(look, { report: newRoundSummary({ commit: "" }), isFirst: false })).toBeNull();
    expect(isGitSilent(look)).toBe(true);
    await askGit(look);
    expect(isGitSilent(look)).toBe(false);
    server.setBehaviour({ kind: "hang" });
    const late = `commit ${commit.slice(0, 8)}`;
    expect(await findNews(look, { report: newRoundSummary({ commit: "" }), isFirst: false })).toBe(late);
    server.setBehaviour({ kind: "normal" });
    await server.stop(); // ends what hangs
    await askGit(look);
    await server.start();
  });

  it("must ask for a round when a container of the round is gone", async () => {
    const report = newRoundSummary({ commit, containers: { gone: "running healthy" } });
    expect(await findNews(look, { report, isFirst: true })).toBe("containers changed");
    expect(await findNews(look, { report, isFirst: true })).toBe("containers changed");
  });
});
