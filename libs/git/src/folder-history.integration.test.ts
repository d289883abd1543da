import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { type GitRepository, makeGitRepository, makeTempFolder } from "@keelson/test/support";
import { beforeEach, describe, expect, it } from "vitest";

import { listFolderCommits } from "./folder-history.ts";

const folder = "releases/app/1.0.0";
const timeoutMs = 60_000;

let repository: GitRepository;
beforeEach(async () => {
  repository = await makeGitRepository();
  return async () => repository[Symbol.asyncDispose]();
});

const list = (most = 100) => listFolderCommits({ repository: repository.path, folder, most, timeoutMs });

describe("the commits at which a folder has changed", () => {
  it("must be those that touch it, the newest first, and no more than asked for", async () => {
    const made = await repository.commit({ files: { [`${folder}/a`]: "1", other: "1" } });
    await repository.commit({ files: { other: "2", [`${folder}-rc.1/a`]: "2" } });
    const changed = await repository.commit({ files: { [`${folder}/a`]: { content: "1", mode: 0o755 } } });
    const removed = await repository.commit({ files: { [`${folder}/a`]: null } });
    expect(await list()).toEqual([removed, changed, made]);
    expect(await list(2)).toEqual([removed, changed]);
  });

  it("must have those of merged branches, also where the merge kept nothing of them", async () => {
    await repository.commit({ files: { [`${folder}/a`]: "1" } });
    await repository.createBranch("side");
    const aside = await repository.commit({ files: { [`${folder}/a`]: "2" } });
    await repository.switchTo("main");
    await repository.commit({ files: { other: "1" } });
    await repository.git("merge", "--quiet", "--strategy=ours", "--message", "keep ours", "side");
    expect(await list()).toContain(aside);
  });

  it("must be found from a folder inside of the repository, and of no pattern", async () => {
    const made = await repository.commit({ files: { [`state/${folder}/a`]: "1" } });
    const at = { repository: join(repository.path, "state"), most: 100, timeoutMs };
    expect(await listFolderCommits({ ...at, folder })).toEqual([made]);
    expect(await listFolderCommits({ ...at, folder: "releases/*" })).toEqual([]);
  });

  it("must be an error without a commit or a repository, and none without such a folder", async () => {
    await expect(list()).rejects.toMatchObject({ code: "K2004" });
    await repository.commit({ files: { other: "1" } });
    expect(await list()).toEqual([]);
    await using home = await makeTempFolder();
    await mkdir(home.join("plain"));
    const plain = { repository: home.join("plain"), folder, most: 1, timeoutMs };
    await expect(listFolderCommits(plain)).rejects.toMatchObject({ code: "K2004" });
  });
});
