import { expect, it } from "vitest";

import { makeGitRepository, makeTempFolder } from "@keelson/test/support";
import { followsOn } from "./clone-history.ts";

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
