import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { makeGitRepository, makeTempFolder, outputOf, startGitServer, waitFor } from "./index.ts";

test("a pushed commit is served over protocol v2, and every request is counted", async () => {
  await using server = await startGitServer();
  await using repository = await makeGitRepository({ remote: server.url("state") });
  await server.createRepository("state");
  const revision = await repository.commit({
    files: { "a/b.txt": "one\n", "run.sh": { content: "", mode: 0o755 } },
  });
  await repository.push();
  expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
    "GET /state.git/info/refs?service=git-receive-pack",
    "POST /state.git/git-receive-pack",
  ]);
  server.requests.length = 0;
  await using other = await makeGitRepository({ remote: server.url("state") });
  await other.git("fetch", "--quiet", "origin");
  expect(await other.head("origin/main")).toBe(revision);
  expect(await other.git("ls-tree", "-r", "origin/main")).toMatch(/^100644 .*a\/b\.txt\n100755 .*run\.sh$/);
  // Protocol v2 asks for refs and objects by separate POSTs.
  expect(server.requests.map(({ method }) => method)).toEqual(["GET", "POST", "POST"]);
});

test("equal steps give equal revisions whatever the user's Git is set to", async () => {
  const build = async () => {
    await using repository = await makeGitRepository();
    await repository.commit({ files: { "a.txt": "1", "b.txt": "1" } });
    await repository.createBranch("upgrade");
    await repository.commit({ files: { "a.txt": "2", "b.txt": null } });
    await repository.switchTo("main");
    return await repository.merge("upgrade");
  };
  expect(await build()).toBe(await build());
});

test("a branch can be rewound by a forced push and by nothing less", async () => {
  await using server = await startGitServer();
  await using repository = await makeGitRepository({ remote: await server.createRepository("state") });
  const first = await repository.commit({ files: { a: "1" } });
  await repository.commit({ files: { a: "2" } });
  await repository.push();
  await repository.reset(first);
  await expect(repository.push()).rejects.toThrow(/rejected/);
  await repository.push({ force: true });
  expect(await outputOf(["git", "ls-remote", server.url("state"), "main"])).toContain(first);
});

test("a server with credentials refuses whoever has none or others", async () => {
  await using server = await startGitServer({ credentials: { username: "ada", password: "s3cret" } });
  await server.createRepository("state");
  const listAs = async (userinfo: string) => {
    await using repository = await makeGitRepository();
    const url = server.url("state").replace("://", `://${userinfo}`);
    return await repository.tryGit("ls-remote", url);
  };
  expect((await listAs("ada:s3cret@")).exitCode).toBe(0);
  expect((await listAs("ada:wrong@")).stderr).toMatch(/Authentication failed/);
  expect((await listAs("")).stderr).toMatch(/could not read Username/);
});

test("a server can go away, hang, be slow, fail and come back on its port", async () => {
  await using server = await startGitServer();
  await server.createRepository("state");
  const ask = async (timeoutMs = 60_000) => {
    const url = `${server.url("state")}/info/refs?service=git-upload-pack`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    await answer.text();
    return answer.status;
  };
  expect(await ask()).toBe(200);
  await server.stop();
  await expect(ask()).rejects.toThrow("fetch failed");
  await server.start();
  server.setBehaviour({ kind: "hang" });
  await expect(ask(2_000)).rejects.toThrow(/timeout/);
  server.setBehaviour({ kind: "slow", delayMs: 150 });
  const started = performance.now();
  expect(await ask()).toBe(200);
  expect(performance.now() - started).toBeGreaterThanOrEqual(150);
  server.setBehaviour({ kind: "fail", status: 503 });
  expect(await ask()).toBe(503);
  server.setBehaviour({ kind: "cut", afterBytes: 10 });
  await expect(ask()).rejects.toThrow(/terminated|fetch failed/);
  server.setBehaviour({ kind: "normal" });
  expect(await ask()).toBe(200);
  expect(server.requests.length).toBe(6);
});

test("a disposed folder is gone with all inside", async () => {
  const folder = await makeTempFolder();
  await writeFile(folder.join("file"), "");
  await folder[Symbol.asyncDispose]();
  expect(existsSync(folder.path)).toBe(false);
});

test("waiting ends with what was seen last, and does not hang with its check", async () => {
  let count = 0;
  expect(await waitFor(() => (++count < 3 ? undefined : count), { what: "three" })).toBe(3);
  await expect(waitFor(() => false, { what: "the tide", timeoutMs: 50 })).rejects.toThrow(
    "waited 50 ms for the tide; the last check gave false",
  );
  const never = new Promise<string>(() => {});
  await expect(waitFor(() => never, { what: "an answer", timeoutMs: 50 })).rejects.toThrow("it still runs");
});
