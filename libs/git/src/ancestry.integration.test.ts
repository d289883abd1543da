import { join } from "node:path";

import { expect, it } from "vitest";

import { makeGitRepository, makeTempFolder, startGitServer } from "@keelson/test/support";
import { isAncestor } from "./ancestry.ts";
import { fetchSnapshot } from "./fetch-snapshot.ts";

/** One commit on `main`, two on a branch that is merged, one that was rewound away. */
async function setUp() {
  await using stack = new AsyncDisposableStack();
  const repository = stack.use(await makeGitRepository());
  const first = await repository.commit();
  await repository.createBranch("side");
  const side = await repository.commit({ files: { side: "1" } });
  await repository.switchTo("main");
  const rewound = await repository.commit({ files: { a: "1" } });
  await repository.reset(first);
  const second = await repository.commit({ files: { b: "1" } });
  const merge = await repository.merge("side");
  const gitDir = join(repository.path, ".git");
  const cleanUp = stack.move();
  return {
    repository,
    ids: { first, side, rewound, second, merge },
    ask: (ancestor: string, descendant: string) => isAncestor({ gitDir, ancestor, descendant }),
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  };
}

it("follows every parent, and tells a rewound branch", async () => {
  await using at = await setUp();
  const { first, side, rewound, second, merge } = at.ids;
  expect(await at.ask(first, first)).toBe(true);
  expect(await at.ask(first, second)).toBe(true);
  expect(await at.ask(first, merge)).toBe(true);
  expect(await at.ask(side, merge)).toBe(true);
  expect(await at.ask(merge, first)).toBe(false);
  expect(await at.ask(second, side)).toBe(false);
  expect(await at.ask(rewound, merge)).toBe(false);
  // The commit that was applied may be on no branch any more, and in no new copy.
  expect(await at.ask("0".repeat(40), merge)).toBe(false);
});

it("never says no where history is cut, but yes to what it sees", async () => {
  await using at = await setUp();
  await using folder = await makeTempFolder();
  await at.repository.git(
    "clone",
    "--quiet",
    "--bare",
    "--depth=1",
    `file://${at.repository.path}`,
    folder.join("cut"),
  );
  const gitDir = folder.join("cut");
  const { first, side, merge } = at.ids;
  expect(await isAncestor({ gitDir, ancestor: merge, descendant: merge })).toBe(true);
  expect(await isAncestor({ gitDir, ancestor: side, descendant: merge })).toBe(true);
  for (const ancestor of [first, "0".repeat(40)]) {
    await expect(isAncestor({ gitDir, ancestor, descendant: merge })).rejects.toMatchObject({
      code: "K2015",
    });
  }
  await expect(isAncestor({ gitDir, ancestor: first, descendant: "1".repeat(40) })).rejects.toMatchObject({
    code: "K2015",
  });
  await expect(
    isAncestor({ gitDir: "/nonexistent", ancestor: first, descendant: merge }),
  ).rejects.toMatchObject({ code: "K2015" });
});

it("knows the node's own copy", async () => {
  await using at = await setUp();
  await using server = await startGitServer();
  await using node = await makeTempFolder();
  const path = await server.createRepository("state");
  await at.repository.git("push", "--quiet", path, "main");
  const gitDir = node.join("git");
  const { commit } = await fetchSnapshot({
    source: { url: server.url("state"), branch: "main" },
    gitDir,
    timeoutMs: 60_000,
  });
  expect(await isAncestor({ gitDir, ancestor: at.ids.first, descendant: commit })).toBe(true);
  expect(await isAncestor({ gitDir, ancestor: at.ids.rewound, descendant: commit })).toBe(false);
});
