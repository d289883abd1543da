import { expect, it } from "vitest";

import { makeGitRepository, makeTempFolder } from "@keelson/test/support";
import { findRevert, followsOn } from "./clone-history.ts";

it("tells what follows on what, and says nothing of what the clone has not got or cannot see", async () => {
  await using repository = await makeGitRepository();
  await using folder = await makeTempFolder();
  const first = await repository.commit();
  await repository.createBranch("side");
  const side = await repository.commit({ files: { side: "1" } });
  await repository.switchTo("main");
  const second = await repository.commit({ files: { b: "1" } });
  const ask = async (ancestor: string, descendant: string, at = repository.path) =>
    followsOn({ repository: at, ancestor, descendant });
  expect(await ask(first, second)).toBe(true);
  expect(await ask(second, second)).toBe(true);
  expect(await ask(second, first)).toBe(false);
  expect(await ask(second, side)).toBe(false);
  expect(await ask("0".repeat(40), second)).toBeNull();
  expect(await ask(first, "0".repeat(40))).toBeNull();

  const cut = folder.join("cut");
  await repository.git("clone", "--quiet", "--depth=1", `file://${repository.path}`, cut);
  // Git itself would say no.
  expect(await ask(first, second, cut)).toBeNull();
  expect(await ask(second, first, cut)).toBeNull();
  expect(await ask(second, second, cut)).toBe(true);
});

it("finds the commit that takes another one back, unless that was taken back itself", async () => {
  await using repository = await makeGitRepository();
  const commit = await repository.commit({ files: { a: "1" } });
  const later = await repository.commit({ files: { b: "1" } });
  const ask = async (descendant: string) =>
    findRevert({ repository: repository.path, ancestor: commit, descendant });
  const revert = async (revision: string) => {
    await repository.git("revert", "--no-edit", revision);
    return repository.head();
  };
  expect(await ask(later)).toBeNull();
  const reverted = await revert(commit);
  expect(await ask(reverted)).toBe(reverted);
  expect(await ask(later)).toBeNull();
  const back = await revert(reverted);
  expect(await ask(back)).toBeNull();
  const again = await revert(commit);
  expect(await ask(again)).toBe(again);
});
