import { chmod, mkdir, readFile, readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";

import { codeOf } from "@keelson/model";
import { expect, it } from "vitest";

import { makeTempFolder, openGitObjects, startHttpFront, startStateServer } from "@keelson/test/support";
import type { Credentials, GitObjects } from "@keelson/test/support";
import { makeEmptyCopy } from "./local-copy.ts";
import { publishStatus } from "./publish-status.ts";
import type { PublishStatusInput } from "./publish-status.ts";
import { readOwnStatus } from "./read-own-status.ts";
import { readStatuses } from "./read-statuses.ts";
import { writeStatusCommit } from "./status-commit.ts";

const ref = "refs/notes/keelson/lab/n1";

/** A server with a commit on `main`, a user's clone, and nodes, which are folders. */
async function setUp({ credentials }: { credentials?: Credentials } = {}) {
  await using stack = new AsyncDisposableStack();
  const at = stack.use(await startStateServer({ credentials }));
  const { repository, url } = at;
  const folder = stack.use(await makeTempFolder("keelson-node-"));
  const commit = await repository.commit({ message: "one" });
  await repository.push();
  const cleanUp = stack.move();
  const gitDir = folder.join("status");
  return {
    ...at,
    folder,
    gitDir,
    commit,
    publish: (json: string, options: Partial<PublishStatusInput> = {}) =>
      publishStatus({
        url,
        gitDir,
        as: "notes",
        environment: "lab",
        node: "n1",
        commit,
        files: () => ({ json }),
        timeoutMs: 60_000,
        ...options,
      }),
    /** As a user reads it. */
    fetchNotes: () =>
      repository.git("fetch", "--quiet", "origin", "+refs/notes/keelson/*:refs/notes/keelson/*"),
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  };
}

function passOn(port: number, at: { request: IncomingMessage; response: ServerResponse }): void {
  const { method, url, headers } = at.request;
  const onward = httpRequest({ host: "127.0.0.1", port, method, path: url, headers }, (answer) => {
    at.response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(at.response);
  });
  onward.on("error", (error) => at.response.destroy(error));
  at.request.pipe(onward);
}

it("hangs a note on the commit, which plain Git reads byte for byte", async () => {
  await using at = await setUp();
  const json = '{"seq":1,"text":"é"}  \n\n \t\n';
  expect(await at.publish(json)).toMatchObject({ ref, pushed: true });
  await at.publish("{}", { node: "n2" });
  await at.fetchNotes();
  const { stdout } = await at.repository.tryGit("notes", "--ref", "keelson/lab/n1", "show", at.commit);
  expect(stdout).toBe(json);
  const log = await at.repository.git("log", "--notes=keelson/*", "main");
  expect(log).toContain("Notes (keelson/lab/n1):");
  expect(log).toContain("Notes (keelson/lab/n2):");
  expect(log).toContain('{"seq":1,"text":"é"}');
  expect(await at.repository.git("log", "-1", "--format=%an <%ae> %cn", ref)).toBe(
    "keelson n1 <n1@lab.invalid> keelson n1",
  );
  await at.repository.git("--git-dir", at.path, "fsck", "--strict");
});

it("begins a note with its heading, on one line, and reads the notes of earlier versions, which have none", async () => {
  await using at = await setUp();
  const place = { url: at.url, as: "notes", environment: "lab", node: "n1", timeoutMs: 60_000 } as const;
  const read = async () => ({
    own: (await readOwnStatus({ ...place, gitDir: at.gitDir }))?.json,
    byUrl: (await readStatuses({ ...place, gitDir: at.folder.join("reader") })).map(({ json }) => json),
    byPath: (await readStatuses({ url: at.path, gitDir: "/nowhere", timeoutMs: 60_000 })).map(
      ({ json }) => json,
    ),
  });
  const before: (string | null)[] = [];
  const say = async (json: string, heading?: string) =>
    at.publish("", {
      files: (last) => {
        before.push(last);
        return { json, ...(heading === undefined ? {} : { heading }) };
      },
    });
  const old = '{"seq":1,"text":"# no heading\\n"}';
  await say(old);
  expect(await read()).toEqual({ own: old, byUrl: [old], byPath: [old] });
  const json = '{"seq":2}\n';
  await say(json, "lab/n1: ready,\n 1 instance");
  expect(await read()).toEqual({ own: json, byUrl: [json], byPath: [json] });
  expect(before).toEqual([null, old]);
  await at.fetchNotes();
  const log = await at.repository.git("log", "-1", "--notes=keelson/*", "--format=%N", at.commit);
  expect(log.split("\n").slice(0, 2)).toEqual(["# lab/n1: ready, 1 instance", '{"seq":2}']);
});

it("asks nothing when the same was pushed before, and two requests when not", async () => {
  await using at = await setUp();
  await at.publish("1");
  at.takeRequests();
  expect(await at.publish("1")).toMatchObject({ ref, pushed: false });
  expect(at.takeRequests()).toEqual([]);
  expect(await at.publish("2")).toMatchObject({ ref, pushed: true });
  expect(at.takeRequests()).toEqual([
    "GET /state.git/info/refs?service=git-receive-pack",
    "POST /state.git/git-receive-pack",
  ]);
  const next = await at.repository.commit();
  expect(await at.publish("2", { commit: next })).toMatchObject({ pushed: true });
  await at.fetchNotes();
  expect(await at.repository.git("rev-list", "--count", ref)).toBe("3");
  expect(await at.repository.git("notes", "--ref", "keelson/lab/n1", "list")).toContain(at.commit);
  expect(await at.repository.git("notes", "--ref", "keelson/lab/n1", "list")).toContain(next);
});

it("writes a branch with the JSON and the text for people", async () => {
  await using at = await setUp();
  const options = { as: "branch", files: () => ({ json: "{} \n", markdown: "# n1\n" }) } as const;
  const branch = "refs/heads/keelson/status/lab/n1";
  expect(await at.publish("", options)).toMatchObject({ ref: branch, pushed: true });
  expect(await at.publish("", options)).toMatchObject({ ref: branch, pushed: false });
  const show = async (name: string) =>
    (await at.repository.tryGit("--git-dir", at.path, "show", `${branch}:${name}`)).stdout;
  expect(await show("status.json")).toBe("{} \n");
  expect(await show("status.md")).toBe("# n1\n");
});

it.each(["", "file://"])("works for a repository on this machine, written as %jPATH", async (scheme) => {
  await using at = await setUp();
  const options = { url: `${scheme}${at.path}` };
  expect(await at.publish("1", options)).toMatchObject({ ref, pushed: true });
  await rm(at.gitDir, { recursive: true });
  expect(await at.publish("1", options)).toMatchObject({ ref, pushed: false });
  expect(await at.publish("2", options)).toMatchObject({ ref, pushed: true });
  // Another writer: the own folder's knowledge is old.
  expect(await at.publish("3", { ...options, gitDir: at.folder.join("other") })).toMatchObject({
    pushed: true,
  });
  expect(await at.publish("4", options)).toMatchObject({ ref, pushed: true });
  await at.fetchNotes();
  expect(await at.repository.git("rev-list", "--count", ref)).toBe("4");
  expect(at.takeRequests().filter((request) => request.startsWith("POST"))).toEqual([]);
});

it("builds upon its own ref after its folder was lost, fetching that and nothing else", async () => {
  await using at = await setUp();
  await at.publish("1");
  await at.publish("other", { node: "n2" });
  const next = await at.repository.commit();
  await rm(at.gitDir, { recursive: true });
  await at.publish("2", { commit: next });
  const git = (...args: string[]) => at.repository.tryGit("--git-dir", at.gitDir, ...args);
  expect((await git("cat-file", "-e", at.commit)).exitCode).not.toBe(0);
  await at.fetchNotes();
  const notes = await at.repository.git("notes", "--ref", "keelson/lab/n1", "list");
  expect(new Set(notes.split("\n").map((line) => line.split(" ")[1]))).toEqual(new Set([at.commit, next]));
  expect(await at.repository.git("rev-list", "--count", ref)).toBe("2");
});

it.each(["cut", "zeros"])("mends a folder whose objects a kill or the disk has made %s", async (damage) => {
  await using at = await setUp();
  await at.publish("1");
  const objects = join(at.gitDir, "objects");
  for (const folder of await readdir(objects)) {
    if (folder.length !== 2) continue;
    for (const name of await readdir(join(objects, folder))) {
      const path = join(objects, folder, name);
      await chmod(path, 0o600);
      if (damage === "cut") await truncate(path, 5);
      else await writeFile(path, new Uint8Array((await stat(path)).size));
    }
  }
  expect(await at.publish("2")).toMatchObject({ pushed: true });
  await at.fetchNotes();
  expect(await at.repository.git("rev-list", "--count", ref)).toBe("2");
});

it("makes its folder anew when that has grown, without asking more of the server's history", async () => {
  await using at = await setUp();
  await at.publish("1");
  const folder = join(at.gitDir, "objects", "17");
  await mkdir(folder, { recursive: true });
  for (let count = 0; count < 9; count++) await writeFile(join(folder, `${count}`), "");
  expect(await at.publish("2")).toMatchObject({ pushed: true });
  expect(await readdir(join(at.gitDir, "objects"))).not.toContain("17");
  await at.fetchNotes();
  expect(await at.repository.git("rev-list", "--count", ref)).toBe("2");
});

it("keeps the 50 commits that were written about last, in a flat tree", async () => {
  await using at = await setUp();
  const id = (count: number) => count.toString(16).padStart(40, "0");
  await makeEmptyCopy(at.gitDir);
  let base: string | null = null;
  for (let count = 1; count <= 50; count++) {
    const place = { as: "notes", environment: "lab", node: "n1", gitDir: at.gitDir } as const;
    const after = { tip: base, known: base };
    base = await writeStatusCommit({ ...place, base: after, commit: id(count), files: { json: "x" } });
  }
  await at.repository.git("--git-dir", at.gitDir, "push", "--quiet", at.path, `${base}:${ref}`);
  await at.publish("again", { commit: id(1) });
  // What was fetched knows the order too.
  await rm(at.gitDir, { recursive: true });
  await at.publish("x", { commit: id(51) });
  await at.publish("x", { commit: id(52) });
  const listing = await at.repository.git("--git-dir", at.path, "ls-tree", "--name-only", ref);
  const kept = listing.split("\n");
  expect(kept).toHaveLength(50);
  expect(kept).toContain(id(1));
  expect(kept).toContain(id(52));
  expect(kept).not.toContain(id(2));
  expect(kept).not.toContain(id(3));
});

it("loses nothing of two writers of one ref", async () => {
  await using at = await setUp();
  const writers = [0, 1].map(async (writer) => {
    const gitDir = at.folder.join(`writer-${writer}`);
    for (let count = 0; count < 5; count++) {
      const commit = `${writer}${count}`.padEnd(40, "a");
      const publish = () => at.publish(`${writer}.${count}`, { gitDir, commit });
      // Two at this pace may collide four times in a row: the next round tries again.
      await publish().catch((error: unknown) =>
        codeOf(error) === "K2014" ? publish() : Promise.reject(error),
      );
    }
  });
  await Promise.all(writers);
  const listing = await at.repository.git("--git-dir", at.path, "ls-tree", "--name-only", ref);
  expect(listing.split("\n")).toHaveLength(10);
});

it("K2014 when something else writes the ref each time in between, and overwrites none of it", async () => {
  await using at = await setUp();
  let count = 0;
  await using front = await startHttpFront({
    answer: async (request, response) => {
      if (request.method === "POST" && request.url?.endsWith("receive-pack") === true) {
        await at.publish(`${count++}`, { url: at.path, gitDir: at.folder.join("other") });
      }
      passOn(at.server.port, { request, response });
    },
  });
  const publishing = at.publish("mine", { url: `${front.origin}/state.git` });
  await expect(publishing).rejects.toMatchObject({ code: "K2014", outcome: { kind: "transient" } });
  expect(count).toBe(4);
  expect(await at.repository.git("--git-dir", at.path, "rev-list", "--count", ref)).toBe("4");
  expect(await at.publish("mine")).toMatchObject({ pushed: true });
});

it("takes up where it was when the server is away, and pushes only what is true by then", async () => {
  await using at = await setUp();
  await at.publish("1");
  await at.server.stop();
  for (const json of ["2", "3"]) {
    await expect(at.publish(json)).rejects.toMatchObject({ code: "K2001", outcome: { kind: "transient" } });
  }
  await at.server.start();
  await at.publish("4");
  await at.fetchNotes();
  expect(await at.repository.git("rev-list", "--count", ref)).toBe("2");
  expect(await at.repository.git("notes", "--ref", "keelson/lab/n1", "show", at.commit)).toBe("4");
});

it("does not push twice what the server took without being able to say so", async () => {
  await using at = await setUp();
  await at.publish("1");
  const [name = ""] = await readdir(join(at.gitDir, "refs/heads"));
  const tip = join(at.gitDir, "refs/heads", name);
  const before = await readFile(tip);
  await at.publish("2");
  // As if the answer had been lost.
  await writeFile(tip, before);
  await at.publish("2");
  expect(await at.repository.git("--git-dir", at.path, "rev-list", "--count", ref)).toBe("2");
});

it("is numbered after what the ref has, whatever the folder knows of", async () => {
  await using at = await setUp();
  const say = (word: string, options: { commit?: string } = {}) =>
    at.publish("", {
      files: (before) => ({ json: `${Number.parseInt(before ?? "0", 10) + 1} ${word}` }),
      ...options,
    });
  expect(await say("a")).toEqual({ ref, pushed: true, files: { json: "1 a" }, passedOver: null });
  const [name = ""] = await readdir(join(at.gitDir, "refs/heads"));
  const tip = join(at.gitDir, "refs/heads", name);
  const before = await readFile(tip);
  expect(await say("b")).toMatchObject({ files: { json: "2 b" } });
  // As if it had been killed between the push and this.
  await writeFile(tip, before);
  expect(await say("c")).toMatchObject({ files: { json: "3 c" } });
  await rm(at.gitDir, { recursive: true });
  expect(await say("d")).toMatchObject({ files: { json: "4 d" } });
  const next = await at.repository.commit();
  expect(await say("e", { commit: next })).toMatchObject({ files: { json: "5 e" } });
  await at.fetchNotes();
  expect(await at.repository.git("rev-list", "--count", ref)).toBe("5");
  expect(await at.repository.git("notes", "--ref", "keelson/lab/n1", "show", next)).toBe("5 e");
});

it("is numbered from the start where the ref holds no status", async () => {
  await using at = await setUp();
  await at.repository.git("push", "--quiet", at.path, `${at.commit}:${ref}`);
  const seen: (string | null)[] = [];
  const files = (before: string | null) => {
    seen.push(before);
    return { json: "1" };
  };
  expect(await at.publish("", { files })).toMatchObject({ pushed: true });
  expect(seen).toEqual([null]);
});

it("begins anew when its ref was deleted on the server", async () => {
  await using at = await setUp();
  await at.publish("1");
  await at.publish("2");
  await rm(at.gitDir, { recursive: true });
  await at.publish("3");
  await at.repository.git("--git-dir", at.path, "update-ref", "-d", ref);
  await at.repository.git("--git-dir", at.path, "gc", "--quiet", "--prune=now");
  expect(await at.publish("4")).toMatchObject({ pushed: true });
  await at.fetchNotes();
  expect(await at.repository.git("notes", "--ref", "keelson/lab/n1", "show", at.commit)).toBe("4");
});

it("K2013 when a hook refuses, in the server's words; what is there stays", async () => {
  await using at = await setUp();
  await at.publish("1");
  const hook = { content: "#!/bin/sh\nexit 1\n", mode: 0o755 };
  await writeFile(join(at.path, "hooks/pre-receive"), hook.content, { mode: hook.mode });
  at.takeRequests();
  const publishing = at.publish("2");
  await expect(publishing).rejects.toMatchObject({
    code: "K2013",
    outcome: { kind: "transient" },
    cause: { message: expect.stringContaining("hook declined") },
  });
  expect(at.takeRequests().filter((path) => path === "POST /state.git/git-receive-pack")).toHaveLength(4);
  await rm(join(at.path, "hooks/pre-receive"));
  expect(await at.publish("2")).toMatchObject({ pushed: true });
});

it("K2013, once, when the server takes no pushes; K2002 when it lets nobody in; K2005 when it hangs", async () => {
  await using at = await setUp({ credentials: { username: "ada", password: "s3cret" } });
  await expect(at.publish("1")).rejects.toMatchObject({ code: "K2002" });
  const token = at.folder.join("token");
  await writeFile(token, "ada:s3cret");
  const credential = { file: token };
  await at.repository.git("--git-dir", at.path, "config", "http.receivepack", "false");
  at.takeRequests();
  await expect(at.publish("1", { credential })).rejects.toMatchObject({
    code: "K2013",
    outcome: { kind: "stalled" },
  });
  expect(at.takeRequests().filter((path) => path.includes("receive-pack"))).toHaveLength(1);
  await at.repository.git("--git-dir", at.path, "config", "http.receivepack", "true");
  expect(await at.publish("1", { credential })).toMatchObject({ pushed: true });
  at.server.setBehaviour({ kind: "hang" });
  await expect(at.publish("2", { credential, timeoutMs: 300 })).rejects.toMatchObject({ code: "K2005" });
});

it("packs small, as one chain of commits", async () => {
  await using at = await setUp();
  for (let count = 0; count < 30; count++) {
    const services = Array.from({ length: 20 }, (_, index) => ({
      name: `service-${index}`,
      health: "healthy",
    }));
    await at.publish(JSON.stringify({ seq: count, services }));
  }
  await at.repository.git("--git-dir", at.path, "gc", "--quiet");
  const packs = join(at.path, "objects/pack");
  const pack = (await readdir(packs)).find((name) => name.endsWith(".pack")) ?? "";
  expect((await readFile(join(packs, pack))).length).toBeLessThan(12_000);
});

it("keeps the last status of every one of 60 nodes that write at the same time", async () => {
  await using at = await setUp();
  const nodes = Array.from({ length: 60 }, (_, index) => `node-${index}`);
  await Promise.all(
    nodes.map(async (node) => {
      const options = { node, gitDir: at.folder.join(node), timeoutMs: 100_000 };
      for (let seq = 1; seq <= 5; seq++) await at.publish(JSON.stringify({ node, seq }), options);
    }),
  );
  const requests = at.takeRequests().filter((path) => path === "POST /state.git/git-receive-pack");
  expect(requests).toHaveLength(300);
  await at.fetchNotes();
  for (const node of nodes) {
    const note = await at.repository.git("notes", "--ref", `keelson/lab/${node}`, "show", at.commit);
    expect(JSON.parse(note)).toEqual({ node, seq: 5 });
  }
});

function idOf(count: number): string {
  return count.toString(16).padStart(40, "0");
}

/** Pushes something else than a status to the node's ref on the server; another commit each time. */
type PushForeign = (objects: GitObjects, told: { commit: string; message: string }) => Promise<string>;

const foreignEntries: [string, PushForeign][] = [
  [
    "a commit of the branch",
    (objects, { commit, message }) =>
      objects.commit({ tree: `${commit}^{tree}`, parent: commit, message: `x${message}` }),
  ],
  [
    "a note of 20 MB of zeros",
    (objects, told) => forge(objects, { ...told, notes: [told.commit], bytes: 20_000_000 }),
  ],
  [
    "a note with something beside it",
    (objects, told) => forge(objects, { ...told, notes: [told.commit, "other"] }),
  ],
  [
    "2,000 notes",
    (objects, told) => forge(objects, { ...told, notes: Array.from({ length: 2_000 }, (_, i) => idOf(i)) }),
  ],
  [
    "folders in folders",
    async (objects, { commit, message }) => {
      let tree = await objects.tree({ [commit]: await objects.blob("{}") });
      for (let depth = 0; depth < 50; depth++) tree = await objects.tree({ a: { tree } });
      return await objects.commit({ tree, message });
    },
  ],
  [
    "a commit with a message of 2 MB",
    async (objects, { commit, message }) => {
      const tree = await objects.tree({ [commit]: await objects.blob("{}") });
      return await objects.commit({ tree, message: `${message}${"x".repeat(2_000_000)}\n` });
    },
  ],
];

/** A commit that looks like that of a status. */
async function forge(
  objects: GitObjects,
  { message, notes, bytes = 2 }: { message: string; notes: readonly string[]; bytes?: number },
): Promise<string> {
  const blob = await objects.blob(new Uint8Array(bytes));
  const tree = await objects.tree(Object.fromEntries(notes.map((name) => [name, blob])));
  return await objects.commit({ tree, message });
}

it.each(
  foreignEntries.flatMap(([what, make]) =>
    (["http", "file"] as const).map((over) => [what, over, make] as const),
  ),
)("passes over %s in its ref, over %s, and says so", async (_, over, make) => {
  await using at = await setUp();
  const place = over === "http" ? {} : { url: at.path };
  const seen: unknown[] = [];
  const say = (json: string) =>
    at.publish("", {
      ...place,
      files: (before, passedOver) => {
        seen.push([before, passedOver?.code ?? null]);
        return { json };
      },
    });
  await say("1");
  const objects = openGitObjects(at.path);
  const git = async (...args: string[]) => objects.git(...args);
  let count = 0;
  const intrude = async () => {
    const oid = await make(objects, { commit: at.commit, message: `status of ${at.commit}\n\n${count++}\n` });
    await git("update-ref", ref, oid);
    return oid;
  };
  // With what it remembers, without, and once more with what it remembers of that.
  for (const [json, before] of [
    ["2", "1"],
    ["3", null],
    ["4", "3.2"],
  ] as const) {
    const oid = await intrude();
    if (before === null) await rm(at.gitDir, { recursive: true });
    expect(await say(json)).toMatchObject({ pushed: true, passedOver: { code: "K2018" } });
    expect(seen.at(-1)).toEqual([before, "K2018"]);
    expect(await git("rev-parse", `${ref}^`)).toBe(oid);
    expect(await git("ls-tree", "--name-only", ref)).toBe(at.commit);
    expect(await git("show", `${ref}:${at.commit}`)).toBe(json);
    // From here on it is its own again, whatever lies below.
    expect(await say(`${json}.1`)).toMatchObject({ pushed: true, passedOver: null });
    await rm(at.gitDir, { recursive: true });
    expect(await say(`${json}.2`)).toMatchObject({ pushed: true, passedOver: null });
    expect(seen.at(-1)).toEqual([`${json}.1`, null]);
    await git("fsck", "--connectivity-only");
  }
  // Another foreign entry, while the node remembers its status after the first.
  await intrude();
  expect(await say("5")).toMatchObject({ pushed: true, passedOver: { code: "K2018" } });
  await intrude();
  expect(await say("6")).toMatchObject({ pushed: true, passedOver: { code: "K2018" } });
  expect(seen.at(-1)).toEqual(["5", "K2018"]);
});

it.each<[string, (objects: GitObjects, commit: string) => Promise<string>]>([
  [
    "a tag",
    async (objects, commit) => {
      await objects.git("tag", "--annotate", "--message=x", "v1", commit);
      return await objects.git("rev-parse", "v1");
    },
  ],
  ["a file", (objects) => objects.blob("x")],
  ["a folder", (objects) => objects.tree({})],
])(
  "K2018 where the ref holds %s, and the server takes no status after it, until a person deletes it",
  async (_, make) => {
    await using at = await setUp();
    await at.publish("1");
    const objects = openGitObjects(at.path);
    await objects.git("update-ref", ref, await make(objects, at.commit));
    for (const place of [{}, { url: at.path, gitDir: at.folder.join("by-path") }]) {
      const publishing = at.publish("2", place);
      await expect(publishing).rejects.toMatchObject({ code: "K2018", outcome: { kind: "transient" } });
    }
    await objects.git("update-ref", "-d", ref);
    expect(await at.publish("2")).toMatchObject({ pushed: true, passedOver: null });
  },
);
