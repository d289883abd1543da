import { makeGitRepository, makeTempFolder, startGitServer } from "@keelson/test/support";
import { expect, it } from "vitest";

import { changeLogin, closeLook, findNews, openLook } from "./look.ts";
import { newRoundSummary } from "./test-round-summary.ts";
import { adoptSetting, newWatcher } from "./watcher.ts";

const right = { username: "node", password: "right" };

it("a new login must be used at once, and what was answered stay answered", async () => {
  await using server = await startGitServer({ credentials: right });
  await server.createRepository("platform");
  const { host } = new URL(server.origin);
  const remote = `http://${right.username}:${right.password}@${host}/platform.git`;
  await using repository = await makeGitRepository({ remote });
  const commit = await repository.commit({ files: { file: "1" }, message: "first" });
  await repository.push();
  const { follow } = newRoundSummary();
  const git = { ...follow.git, url: server.url("platform"), timeoutMs: 10_000, credential: right };
  const events: string[] = [];
  const dockerHost = process.env["DOCKER_HOST"];
  const look = openLook(
    { ...follow, environment: "nobody-has-this", git, dockerHost },
    { log: ({ event }) => void events.push(event), onPollFailure: () => {} },
  );
  const news = async () => findNews(look, { report: newRoundSummary({ commit: "" }), isFirst: false });
  try {
    expect(await news()).toBe(`commit ${commit.slice(0, 8)}`);
    for (let round = 0; round < 3; round++) {
      const login = { ...right, password: round === 1 ? "wrong" : "right" };
      const before = server.requests.length;
      changeLogin(look, login);
      if (round !== 1) changeLogin(look, { ...right });
      expect(await news()).toBe(round === 2 ? `commit ${commit.slice(0, 8)}` : null);
      expect(server.requests.length).toBeGreaterThan(before);
    }
    // Only the wrong one was no answer.
    expect(events).toEqual(["git-away", "git-back"]);
  } finally {
    closeLook(look);
  }
});

it("a round with another login must not end the look of the agent, and one with another branch must", async () => {
  await using folder = await makeTempFolder();
  const options = { program: "none", config: folder.join("agent.yaml"), logForm: "json" } as const;
  const watcher = newWatcher(options, new AbortController().signal);
  const { follow } = newRoundSummary();
  const adopt = (git: object) => {
    const setting = newRoundSummary({
      stateDir: folder.path,
      follow: { ...follow, git: { ...follow.git, ...git } },
    });
    adoptSetting(watcher, setting);
    return watcher.looking?.watch;
  };
  const first = adopt({ credential: { username: "x", password: "1" } });
  expect(first).toBeDefined();
  try {
    expect(adopt({ credential: { username: "x", password: "2" } })).toBe(first);
    expect(adopt({ credential: null })).toBe(first);
    expect(adopt({ branch: "other" })).not.toBe(first);
  } finally {
    watcher.looking?.watch.close();
    watcher.files.keep([]);
    await watcher.endpoints.close();
  }
});
