import { readdir } from "node:fs/promises";

import { makeTempFolder, startStateServer } from "@keelson/test/support";
import { expect, it } from "vitest";

import { findBranchTip } from "./branch-tip.ts";

const login = { username: "node", password: "t0ken" };

it("says where a branch is over HTTP and by a path, by listings alone", async () => {
  await using folder = await makeTempFolder();
  await using state = await startStateServer({ credentials: login });
  const { server, url, path, repository } = state;
  const commit = await repository.commit({ files: { "a.txt": "a" } });
  await repository.push();
  const credential = { command: ["echo", `${login.username}:${login.password}`] };
  const at = { url, branch: "main", timeoutMs: 60_000 };

  expect(await findBranchTip({ ...at, credential })).toBe(commit);
  expect(await findBranchTip({ ...at, url: path })).toBe(commit);
  expect(server.requests.map(({ method }) => method)).toEqual(["GET", "POST"]);
  await expect(findBranchTip(at)).rejects.toMatchObject({ code: "K2002" });
  await expect(findBranchTip({ ...at, credential, branch: "other" })).rejects.toMatchObject({
    code: "K2003",
  });
  expect(await readdir(folder.path)).toEqual([]);
});
