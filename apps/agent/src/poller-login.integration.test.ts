import { makeTempFolder, startStateServer } from "@keelson/test/support";
import { expect, it } from "vitest";

import { changeLogin, closePoller, findTrigger, openPoller } from "./poller.ts";
import { newRoundSummary } from "./test-round-summary.ts";
import { adoptSetting, newWatcher } from "./watcher.ts";

const right = { username: "node", password: "right" };

it("a new login must be used at once, and start no second round for the same commit", async () => {
  await using state = await startStateServer({ credentials: right });
  const { server, url, repository } = state;
  const commit = await repository.commit({ files: { file: "1" }, message: "first" });
  await repository.push();
  const { target } = newRoundSummary();
  const git = { ...target.git, url, timeoutMs: 60_000, credential: right };
  const events: string[] = [];
  const dockerHost = process.env["DOCKER_HOST"];
  const poller = openPoller(
    { ...target, environment: "nobody-has-this", git, dockerHost },
    { log: ({ event }) => void events.push(event), onPollFailure: () => {} },
  );
  poller.gitPatienceMs = 60_000; // longer than Git takes on a busy machine
  const trigger = async () =>
    (await findTrigger(poller, { summary: newRoundSummary({ commit: "" }), isFirst: false }))?.name ?? null;
  try {
    expect(await trigger()).toBe(`commit ${commit.slice(0, 8)}`);
    for (let round = 0; round < 3; round++) {
      const login = { ...right, password: round === 1 ? "wrong" : "right" };
      const before = server.requests.length;
      changeLogin(poller, login);
      if (round !== 1) changeLogin(poller, { ...right });
      expect(await trigger()).toBe(round === 2 ? `commit ${commit.slice(0, 8)}` : null);
      expect(server.requests.length).toBeGreaterThan(before);
    }
    // Only the wrong login got no answer.
    expect(events).toEqual(["git-away", "git-back"]);
  } finally {
    closePoller(poller);
  }
});

it("another login must not open another watch, and another branch must", async () => {
  await using folder = await makeTempFolder();
  const options = { program: "none", config: folder.join("agent.yaml"), logForm: "json" } as const;
  const watcher = newWatcher(options, new AbortController().signal);
  const { target } = newRoundSummary();
  const adopt = (git: object) => {
    const setting = newRoundSummary({
      stateDir: folder.path,
      target: { ...target, git: { ...target.git, ...git } },
    });
    adoptSetting(watcher, setting);
    return watcher.watching?.triggers;
  };
  const first = adopt({ credential: { username: "x", password: "1" } });
  expect(first).toBeDefined();
  try {
    expect(adopt({ credential: { username: "x", password: "2" } })).toBe(first);
    expect(adopt({ credential: null })).toBe(first);
    expect(adopt({ branch: "other" })).not.toBe(first);
  } finally {
    watcher.watching?.triggers.close();
    watcher.files.keep([]);
    await watcher.endpoints.close();
  }
});
