import { execFile } from "node:child_process";
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execPath, geteuid } from "node:process";
import { promisify } from "node:util";
import { secretPlaceholder } from "@keelson/model";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { openSecrets } from "./node-secrets.ts";

let folder: string;
let keyFile: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "keelson-secrets-"));
  keyFile = join(folder, "etc", "node.key");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = () => openSecrets({ keyFile, secretsFile: null, ageKeyFile: null });
const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

describe("the node's key", () => {
  test("is made at the first run, private, and found again", async () => {
    const first = await open();
    expect(await readFile(keyFile, "utf8")).toMatch(/^[0-9a-f]{64}\n$/);
    expect(await modeOf(keyFile)).toBe(0o600);
    expect(await modeOf(join(folder, "etc"))).toBe(0o700);
    expect(await readdir(join(folder, "etc"))).toEqual(["node.key"]);
    const again = await open();
    expect(again.ownerOf("service:a/b")).toBe(first.ownerOf("service:a/b"));
  });

  test("differs from node to node", async () => {
    const first = await open();
    await rm(keyFile);
    const second = await open();
    expect(second.ownerOf("service:a/b")).not.toBe(first.ownerOf("service:a/b"));
  });

  test("is the same for all who start at once", async () => {
    const owners = await Promise.all(Array.from({ length: 6 }, () => ownerInAnotherProcess()));
    expect(new Set(owners).size).toBe(1);
    expect(owners[0]).toBe((await open()).ownerOf("service:a/b"));
    expect(await readdir(join(folder, "etc"))).toEqual(["node.key"]);
  });

  test.each([0o640, 0o604, 0o610, 0o666])("K5003 when others may use it: %o", async (mode) => {
    await open();
    await chmod(keyFile, mode);
    await expect(open()).rejects.toMatchObject({ code: "K5003", hint: `Run: chmod 600 ${keyFile}` });
  });

  test.each(["", "\n", "abc", `${"a".repeat(63)}\n`, `${"a".repeat(65)}\n`, `${"A".repeat(64)}\n`])(
    "K5004 when it is damaged, and it is left as it is: %j",
    async (content) => {
      await mkdir(join(folder, "etc"));
      await writeFile(keyFile, content, { mode: 0o600 });
      await expect(open()).rejects.toMatchObject({ code: "K5004", outcome: { kind: "stalled" } });
      expect(await readFile(keyFile, "utf8")).toBe(content);
    },
  );

  test("K5005 when it cannot be read or made", async () => {
    await mkdir(keyFile, { recursive: true });
    await expect(open()).rejects.toMatchObject({ code: "K5005" });
    await rm(keyFile, { recursive: true });
    await symlink("node.key", keyFile);
    await expect(open()).rejects.toMatchObject({ code: "K5005" });
    await expect(
      openSecrets({ keyFile: "/dev/null/x", secretsFile: null, ageKeyFile: null }),
    ).rejects.toMatchObject({
      code: "K5005",
    });
  });

  test.skipIf(geteuid?.() !== 0)("K5003 when it is another user's (needs root)", async () => {
    await open();
    await chown(keyFile, 4242, 4242);
    await expect(open()).rejects.toMatchObject({ code: "K5003" });
  });
});

describe("the secrets file", () => {
  test("gives values where files are filled", async () => {
    const secretsFile = join(folder, "secrets.yaml");
    await writeFile(secretsFile, "pryv: { adminKey: hunter2 }\n", { mode: 0o600 });
    const secrets = await openSecrets({ keyFile, secretsFile, ageKeyFile: null });
    expect(secrets.hasValue("pryv.adminKey")).toBe(true);
    const filled = secrets.fillSecrets(Buffer.from(`k=${secretPlaceholder("pryv.adminKey")}`));
    expect(Buffer.from(filled).toString()).toBe("k=hunter2");
  });

  test("K5003 when others may read it, K5005 when it is not there: no secrets is never assumed", async () => {
    const secretsFile = join(folder, "secrets.yaml");
    await expect(openSecrets({ keyFile, secretsFile, ageKeyFile: null })).rejects.toMatchObject({
      code: "K5005",
    });
    await writeFile(secretsFile, "pryv: { adminKey: hunter2 }\n", { mode: 0o600 });
    await chmod(secretsFile, 0o640);
    await expect(openSecrets({ keyFile, secretsFile, ageKeyFile: null })).rejects.toMatchObject({
      code: "K5003",
      hint: `Run: chmod 600 ${secretsFile}`,
    });
  });
});

/** Opens the same key in a process of its own and returns an owner label made with it. */
async function ownerInAnotherProcess(): Promise<string> {
  const door = JSON.stringify(new URL("./index.ts", import.meta.url).href);
  const program = `
    import { openSecrets } from ${door};
    const secrets = await openSecrets({ keyFile: process.argv[1], secretsFile: null, ageKeyFile: null });
    console.log(secrets.ownerOf("service:a/b"));`;
  const { stdout } = await promisify(execFile)(
    execPath,
    ["--input-type=module", "-e", program, "--", keyFile],
    { timeout: 120_000 },
  );
  return stdout.trim();
}
