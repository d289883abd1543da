import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env, execPath, geteuid } from "node:process";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { findLockHolders } from "./lock-holder.ts";
import { acquireLock } from "./lock.ts";

let folder: string;
let path: string;
let children: ChildProcess[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "keelson-lock-"));
  path = join(folder, "state", "lock");
  children = [];
});
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

const held = (message: unknown): unknown => expect.objectContaining({ code: "K4020", message });

describe("two rounds at once", () => {
  test("exclude each other, until the first is done", async () => {
    const first = await acquireLock({ path, waitMs: 0 });
    await expect(acquireLock({ path, waitMs: 0 })).rejects.toMatchObject({
      code: "K4020",
      outcome: { kind: "transient" },
    });
    const second = acquireLock({ path, waitMs: 10_000 });
    first.release();
    first.release();
    (await second).release();
    (await acquireLock({ path, waitMs: 0 })).release();
  });

  test("in two processes too; the one that waits is told who holds it", async () => {
    const holder = await startHolder();
    await expect(acquireLock({ path, waitMs: 100 })).rejects.toEqual(
      held(expect.stringContaining(`node (process ${holder.pid}) holds the lock ${path}: another round`)),
    );
  });

  test("who only asks is told who holds it, and makes nothing", async () => {
    expect(findLockHolders(path)).toEqual([]);
    await expect(stat(path)).rejects.toMatchObject({ code: "ENOENT" });
    const holder = await startHolder();
    expect(findLockHolders(path)).toEqual([{ pid: holder.pid, program: "node", isOurProgram: true }]);
  });

  test("waiting ends after its time, and when it is called off", async () => {
    using lock = disposable(await acquireLock({ path, waitMs: 0 }));
    const startedAt = performance.now();
    await expect(acquireLock({ path, waitMs: 300 })).rejects.toMatchObject({ code: "K4020" });
    expect(performance.now() - startedAt).toBeGreaterThan(290);
    const off = new AbortController();
    const waiting = acquireLock({ path, waitMs: 60_000, signal: off.signal });
    const reason = new Error("called off");
    off.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(acquireLock({ path, waitMs: 0, signal: off.signal })).rejects.toBe(reason);
    lock.release();
    (await acquireLock({ path, waitMs: 0 })).release();
  });
});

describe("SIGKILL of the holder", () => {
  test("frees the lock at once", async () => {
    const holder = await startHolder();
    holder.process.kill("SIGKILL");
    await once(holder.process, "close");
    using lock = disposable(await acquireLock({ path, waitMs: 0 }));
    expect(lock.fd).toBeGreaterThan(2);
  });

  test("keeps it while a child that inherited it lives, and names that child", async () => {
    const holder = await startHolder("with child");
    holder.process.kill("SIGKILL");
    await once(holder.process, "exit");
    expect(holder.childPid).toBeGreaterThan(0);
    try {
      await expect(acquireLock({ path, waitMs: 0 })).rejects.toEqual(
        held(
          expect.stringMatching(
            new RegExp(`^\\w+ \\(process ${holder.childPid}\\) still holds the lock .* has ended$`),
          ),
        ),
      );
      const waiting = acquireLock({ path, waitMs: 20_000 });
      process.kill(holder.childPid, "SIGKILL");
      (await waiting).release();
    } finally {
      killIfThere(holder.childPid);
    }
  });

  test("while it waits leaves nothing behind", async () => {
    const lock = await acquireLock({ path, waitMs: 0 });
    const waiter = run(`await acquireLock({ path, waitMs: 60_000 });`);
    await vi.waitUntil(async () => await hasChildren(waiter.pid), { timeout: 20_000, interval: 20 });
    waiter.kill("SIGKILL");
    await once(waiter, "exit");
    lock.release();
    using next = disposable(await acquireLock({ path, waitMs: 10_000 }));
    expect(next.fd).toBeGreaterThan(2);
  });
});

describe("what a killed agent has left", () => {
  const orphanPatienceMs = 200;

  test("is ended after some patience, also when it does not hear SIGTERM; who waits goes on, and tells of it", async () => {
    const holder = await startHolder("with marked child");
    holder.process.kill("SIGKILL");
    await once(holder.process, "exit");
    const ended: unknown[] = [];
    const onOrphan = ({ pid }: { pid: number }) => ended.push(pid);
    (await acquireLock({ path, waitMs: 60_000, orphanPatienceMs, onOrphan })).release();
    expect(ended).toEqual([holder.childPid]);
    expect(findLockHolders(path)).toEqual([]);
  });

  test("may end by itself before that", async () => {
    const holder = await startHolder("with marked child");
    holder.process.kill("SIGKILL");
    await once(holder.process, "exit");
    const onOrphan = vi.fn<() => void>();
    const waiting = acquireLock({ path, waitMs: 60_000, onOrphan });
    process.kill(holder.childPid, "SIGKILL");
    (await waiting).release();
    expect(onOrphan).not.toHaveBeenCalled();
  });

  test.each(["alone", "with marked child"] as const)("is nothing while an agent lives (%s)", async (kind) => {
    const holder = await startHolder(kind);
    await expect(acquireLock({ path, waitMs: 1_000, orphanPatienceMs })).rejects.toMatchObject({
      code: "K4020",
    });
    expect(findLockHolders(path).map(({ pid }) => pid)).toContain(holder.pid);
    if (holder.childPid > 0) {
      process.kill(holder.childPid, 0);
      killIfThere(holder.childPid);
    }
  });

  test("is no foreign program that has locked the file", async () => {
    const holder = await startHolder("with child");
    holder.process.kill("SIGKILL");
    await once(holder.process, "exit");
    try {
      await expect(acquireLock({ path, waitMs: 1_000, orphanPatienceMs })).rejects.toMatchObject({
        code: "K4020",
      });
      expect(findLockHolders(path).map(({ pid }) => pid)).toEqual([holder.childPid]);
    } finally {
      killIfThere(holder.childPid);
    }
  });
});

describe("the lock file", () => {
  test("is private and stays empty, so that a round without changes writes nothing", async () => {
    (await acquireLock({ path, waitMs: 0 })).release();
    const before = await stat(path);
    (await acquireLock({ path, waitMs: 0 })).release();
    const after = await stat(path);
    expect(after.mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, "state"))).mode & 0o777).toBe(0o700);
    expect([after.size, after.mtimeMs, after.ino]).toEqual([0, before.mtimeMs, before.ino]);
  });

  test.skipIf(geteuid?.() !== 0)("excludes others on a read-only file system, too (needs root)", async () => {
    const disk = join(folder, "disk");
    await mkdir(disk);
    await promisify(execFile)("mount", ["-t", "tmpfs", "tmpfs", disk]);
    try {
      const file = join(disk, "lock");
      (await acquireLock({ path: file, waitMs: 0 })).release();
      await promisify(execFile)("mount", ["-o", "remount,ro", disk]);
      using lock = disposable(await acquireLock({ path: file, waitMs: 0 }));
      expect(lock.fd).toBeGreaterThan(2);
      await expect(acquireLock({ path: file, waitMs: 0 })).rejects.toMatchObject({ code: "K4020" });
      const missing = join(disk, "other");
      await expect(acquireLock({ path: missing, waitMs: 0 })).rejects.toMatchObject({ code: "K4022" });
    } finally {
      await promisify(execFile)("umount", [disk]);
    }
  });

  test("K4022 when it cannot be one", async () => {
    await mkdir(path, { recursive: true });
    await expect(acquireLock({ path, waitMs: 0 })).rejects.toMatchObject({ code: "K4022" });
    await rm(path, { recursive: true });
    await symlink(join(folder, "elsewhere"), path);
    await expect(acquireLock({ path, waitMs: 0 })).rejects.toMatchObject({ code: "K4022" });
    await expect(stat(join(folder, "elsewhere"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("K4021 without the program flock", async () => {
    const searchPath = env["PATH"];
    env["PATH"] = folder;
    try {
      await expect(acquireLock({ path, waitMs: 0 })).rejects.toMatchObject({
        code: "K4021",
        outcome: { kind: "stalled" },
      });
    } finally {
      env["PATH"] = searchPath;
    }
  });
});

/** A process that holds the lock until it is killed, and perhaps a child of it that inherited the descriptor. */
async function startHolder(
  kind: "alone" | "with child" | "with marked child" = "alone",
): Promise<{ process: ChildProcess; pid: number; childPid: number }> {
  const program =
    kind === "with child" ? "echo ready; exec sleep 60" : "trap '' TERM; echo ready; exec sleep 60";
  const holder = run(`
    const lock = await acquireLock({ path, waitMs: 0 });
    const env = ${kind === "with marked child"} ? { ...process.env, ...lock.mark } : process.env;
    const child = ${kind === "alone"} ? { pid: 0 } : spawn("sh", ["-c", ${JSON.stringify(program)}], { env, stdio: ["ignore", "pipe", "ignore", lock.fd] });
    if (child.stdout) await once(child.stdout, "data");
    console.log(child.pid);
    setInterval(() => {}, 1000);`);
  const [line] = await once(holder.stdout ?? holder, "data");
  return { process: holder, pid: holder.pid ?? 0, childPid: Number(String(line)) };
}

function run(program: string): ChildProcess {
  const door = JSON.stringify(new URL("./index.ts", import.meta.url).href);
  const start = `import { once } from "node:events"; import { spawn } from "node:child_process"; import { acquireLock } from ${door};
    const [path] = process.argv.slice(1);\n`;
  const child = spawn(execPath, ["--input-type=module", "-e", start + program, "--", path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  return child;
}

async function hasChildren(pid: number | undefined): Promise<boolean> {
  return (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim() !== "";
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

function disposable<T extends { release: () => void }>(lock: T): T & Disposable {
  return { ...lock, [Symbol.dispose]: () => lock.release() };
}
