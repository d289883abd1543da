import { chmod, chown, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { geteuid, setegid, seteuid } from "node:process";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { requireTrusted } from "./trusted-path.ts";

const otherUser = 12_345;
let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "keelson-trust-"));
  await mkdir(join(base, "etc"), { mode: 0o755 });
  await mkdir(join(base, "other"), { mode: 0o755 });
  await writeFile(join(base, "etc/agent.yaml"), "", { mode: 0o644 });
});
afterEach(async () => {
  await rm(base, { recursive: true });
});

const inBase = (path: string) => join(base, path);
const judge = (path: string) => () => requireTrusted(inBase(path), "the file");
/** K4016, its message and the command that mends it. */
const refusal = (says: string, command: string) =>
  expect.objectContaining({
    code: "K4016",
    message: expect.stringContaining(says),
    hint: expect.stringContaining(`run: ${command}`),
    outcome: { kind: "stalled" },
  });

describe("what only root and this user can change", () => {
  test("is trusted, also below a sticky folder, by links, and before it is there", async () => {
    await symlink("../etc", inBase("other/link"));
    await symlink(inBase("other/link/agent.yaml"), inBase("agent.yaml"));
    await mkdir(inBase("sticky"));
    await chmod(inBase("sticky"), 0o1777);
    await mkdir(inBase("sticky/state"), { mode: 0o700 });
    for (const path of [
      "etc",
      "etc/agent.yaml",
      "agent.yaml",
      "other/link/missing/deep",
      "sticky/state",
      ".",
    ]) {
      expect(judge(path)).not.toThrow();
    }
  });

  test("may belong to root's group", async () => {
    await chmod(inBase("etc"), 0o775);
    await chmod(inBase("etc/agent.yaml"), 0o664);
    expect(judge("etc/agent.yaml")).not.toThrow();
  });

  test("is left to whoever opens it when links lead in a circle or nowhere", async () => {
    await symlink("b", inBase("a"));
    await symlink("a", inBase("b"));
    await symlink("/nowhere/at/all", inBase("lost"));
    for (const path of ["a", "lost", "etc/agent.yaml/below"]) expect(judge(path)).not.toThrow();
  });
});

describe.skipIf(geteuid?.() !== 0)("what another could change (needs root to give it away)", () => {
  test("is refused when others write it", async () => {
    await chmod(inBase("etc/agent.yaml"), 0o646);
    expect(judge("etc/agent.yaml")).toThrow(
      refusal(
        `the file ${inBase("etc/agent.yaml")} can be changed by others (mode 0646)`,
        `chmod go-w ${inBase("etc/agent.yaml")}`,
      ),
    );
  });

  test("is refused when a group that is not root's writes it", async () => {
    await chown(inBase("etc/agent.yaml"), 0, otherUser);
    expect(judge("etc/agent.yaml")).not.toThrow();
    await chmod(inBase("etc/agent.yaml"), 0o664);
    expect(judge("etc/agent.yaml")).toThrow(refusal("(mode 0664)", "chmod go-w"));
  });

  test("is refused when it belongs to another", async () => {
    await chown(inBase("etc/agent.yaml"), otherUser, otherUser);
    expect(judge("etc/agent.yaml")).toThrow(
      refusal(`belongs to another user (${otherUser})`, `chown -h 0 ${inBase("etc/agent.yaml")}`),
    );
  });

  test.each([
    ["others write", async () => chmod(inBase("etc"), 0o777), "chmod go-w"],
    ["belongs to another", async () => chown(inBase("etc"), otherUser, 0), "chown -h 0"],
  ])("is refused when a folder on the way %s", async (_what, spoil, command) => {
    await spoil();
    await symlink("etc", inBase("link"));
    for (const path of [
      "etc/agent.yaml",
      "etc/missing/state",
      "link/agent.yaml",
      "other/../etc/agent.yaml",
    ]) {
      expect(judge(path)).toThrow(
        refusal(`could be replaced: ${inBase("etc")}`, `${command} ${inBase("etc")}`),
      );
    }
  });

  test("is refused when a link on the way lies where others write, or is another's", async () => {
    await mkdir(inBase("sticky"));
    await symlink("../etc/agent.yaml", inBase("sticky/agent.yaml"));
    await chmod(inBase("sticky"), 0o1777);
    expect(judge("sticky/agent.yaml")).not.toThrow();
    const { lchown } = await import("node:fs/promises");
    await lchown(inBase("sticky/agent.yaml"), otherUser, otherUser);
    expect(judge("sticky/agent.yaml")).toThrow(refusal("belongs to another user", "chown -h 0"));
    await chmod(inBase("sticky"), 0o777);
    expect(judge("sticky/agent.yaml")).toThrow(refusal("(mode 0777)", `chmod go-w ${inBase("sticky")}`));
  });

  test("is refused when it is a folder in which others write, although it is sticky", async () => {
    await chmod(inBase("etc"), 0o1777);
    expect(judge("etc")).toThrow(refusal("(mode 1777)", "chmod go-w"));
  });

  test("is judged from the side of an ordinary user, whose own group may write", async () => {
    await chmod(base, 0o755);
    const user = otherUser;
    await chown(inBase("etc"), user, user);
    await chmod(inBase("etc"), 0o775);
    await chown(inBase("etc/agent.yaml"), user, user);
    const own = asUser(user, judge("etc/agent.yaml"));
    expect(own).not.toThrow();
    expect(asUser(user + 1, judge("etc/agent.yaml"))).toThrow(refusal("belongs to another user", "chown"));
    await chown(inBase("etc"), user, user + 1);
    expect(own).toThrow(refusal("can be changed by others", "chmod go-w"));
  });
});

function asUser(id: number, task: () => void): () => void {
  return () => {
    setegid?.(id);
    seteuid?.(id);
    try {
      task();
    } finally {
      seteuid?.(0);
      setegid?.(0);
    }
  };
}
