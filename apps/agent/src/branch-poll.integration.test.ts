import { rename } from "node:fs/promises";

import { AgentConfig } from "@keelson/model";
import { makeGitRepository, startGitServer, waitFor } from "@keelson/test/support";
import { expect, it } from "vitest";

import { openBranchPoll } from "./branch-poll.ts";

function configOf(url: string): AgentConfig {
  return AgentConfig.parse({ environment: "lab", node: "n1", source: { url }, interval: "20ms" });
}

it.each(["", "file://"])("must tell once that a local branch has moved on (%s)", async (scheme) => {
  await using repository = await makeGitRepository();
  const first = await repository.commit();
  const moved: string[] = [];
  using poll = openBranchPoll(configOf(`${scheme}${repository.path}`), (commit) => moved.push(commit));
  poll.follow(first);
  const second = await repository.commit({ message: "second" });
  await waitFor(() => moved.length > 0, { what: "the newer commit" });
  await repository.commit({ message: "third" });
  expect(moved).toEqual([second]);
});

it("must go on while the source is away, and ask nothing once it is over", async () => {
  await using repository = await makeGitRepository();
  const first = await repository.commit();
  const away = `${repository.path}-away`;
  await rename(repository.path, away);
  const moved: string[] = [];
  const poll = openBranchPoll(configOf(repository.path), (commit) => moved.push(commit));
  poll.follow(first);
  await rename(away, repository.path);
  const second = await repository.commit({ message: "second" });
  await waitFor(() => moved.length > 0, { what: "the newer commit" });
  expect(moved).toEqual([second]);
  poll[Symbol.dispose]();
});

it("must leave an http server to the watcher", async () => {
  await using server = await startGitServer();
  await server.createRepository("platform");
  using poll = openBranchPoll(configOf(server.url("platform")), () => {});
  poll.follow("0".repeat(40));
  await using repository = await makeGitRepository();
  const local = Promise.withResolvers<string>();
  using other = openBranchPoll(configOf(repository.path), local.resolve);
  other.follow(await repository.commit());
  await repository.commit({ message: "second" });
  await local.promise; // meanwhile the server could have been polled
  expect(server.requests).toEqual([]);
});
