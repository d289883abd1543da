import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import {
  chmod,
  cp,
  lstat,
  mkdir,
  readFile,
  readdir,
  readlink,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

import {
  type GitRepository,
  type NixStore,
  type TempFolder,
  makeGitRepository,
  makeNixStore,
  makeTempFolder,
  runKeelson,
} from "../../support/index.ts";
import { gitEnvironment } from "../../support/git-repository.ts";

const folder = "releases/hello/0.1.0";
const files = {
  [`${folder}/release.yaml`]: "name: hello\nversion: 0.1.0\npackages: [web]\n",
  [`${folder}/packages/web/package.yaml`]: "name: web\nversion: 0.1.0\n",
  [`${folder}/packages/web/compose.yaml`]: "services:\n  web: { image: 'busybox:1' }\n",
  [`${folder}/packages/web/config/unix`]: "one\ntwo\n",
  [`${folder}/packages/web/config/windows`]: "one\r\ntwo\r\n",
  [`${folder}/packages/web/config/both`]: Buffer.from("one\r\ntwo\n\0\xff", "latin1"),
  [`${folder}/packages/web/run.sh`]: { content: "#!/bin/sh\n", mode: 0o755 },
  // They sort otherwise in Git, in UTF-16 and by bytes.
  [`${folder}/a-b`]: "1",
  [`${folder}/a/b`]: "2",
  [`${folder}/\uff61`]: "3",
  [`${folder}/😀`]: "4",
  ".gitattributes": "releases/** -text -ident -filter -export-subst -export-ignore -working-tree-encoding\n",
  ".gitignore": "*.log\n",
};

let store: NixStore;
let home: TempFolder;
beforeAll(async () => {
  store = await makeNixStore();
  home = await makeTempFolder();
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
});

let repository: GitRepository;
beforeEach(async () => {
  repository = await makeGitRepository();
  await repository.write(files);
  await symlink("config/../run.sh", join(repository.path, folder, "packages/web/start"));
  await repository.commit({ message: "release hello 0.1.0" });
  return async () => repository[Symbol.asyncDispose]();
});

const keelson = async (...args: string[]) => runKeelson(args, { cwd: repository.path });
/** What a command printed with `--json`. */
const answer = async (...args: string[]): Promise<unknown> =>
  JSON.parse((await keelson(...args, "--json")).stdout);
const digest = async (path = folder) => (await keelson("release", "digest", path)).stdout.trim();

async function lock(environment: string, locked: string): Promise<void> {
  const text = `releases:\n  hello: { version: 0.1.0, digest: "${locked}" }\ninstances: {}\n`;
  await repository.write({
    [`environments/${environment}/environment.yaml`]: `name: ${environment}\nreleases: { hello: ^0.1.0 }\n`,
    [`environments/${environment}/lock.yaml`]: text,
  });
}

describe("keelson release digest", () => {
  it("must print what nix hash path prints", async () => {
    const { stdout, stderr, exitCode } = await keelson("release", "digest", folder);
    const expected = await store.nix("hash", "path", join(repository.path, folder));
    expect({ stdout, stderr, exitCode }).toEqual({ stdout: `${expected}\n`, stderr: "", exitCode: 0 });
    expect(await answer("release", "digest", folder)).toEqual({ digest: expected });
  });

  it("must say what it cannot read", async () => {
    const { stdout, stderr, exitCode } = await keelson("release", "digest", "releases/hello/0.2.0");
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 1 });
    expect(stderr).toContain("error[K9084] releases/hello/0.2.0 cannot be read\n  cause: open: no such file");
    expect(await answer("release", "digest", "nowhere")).toMatchObject({ error: { code: "K9084" } });
  });
});

describe("keelson release pack", () => {
  it("must write what nix-store --dump writes, and print its digest", async () => {
    const { stdout, stderr, exitCode } = await keelson("release", "pack", folder);
    expect({ stdout, stderr, exitCode }).toEqual({
      stdout: `${await digest()}\n`,
      stderr: "wrote hello-0.1.0.nar\n",
      exitCode: 0,
    });
    const archive = await readFile(join(repository.path, "hello-0.1.0.nar"));
    expect(archive.equals(await store.dump(join(repository.path, folder)))).toBe(true);
    const file = home.join("other.nar");
    expect(await answer("release", "pack", folder, "--output", file)).toEqual({
      digest: await digest(),
      file,
      name: "hello",
      version: "0.1.0",
    });
    expect((await readFile(file)).equals(archive)).toBe(true);
  });

  it("must refuse what would not be the same everywhere, all of it at once, and leave an older archive", async () => {
    const root = join(repository.path, folder);
    await mkdir(join(root, "empty"));
    await writeFile(join(root, "A-B"), "");
    await symlink("../../../../etc", join(root, "out"));
    await symlink("/etc/passwd", join(root, "packages/absolute"));
    execFileSync("mkfifo", [join(root, "packages/pipe")]);
    const archive = home.join("older.nar");
    await writeFile(archive, "an older archive");
    const { stdout, stderr, exitCode } = await keelson("release", "pack", folder, "--output", archive);
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 1 });
    expect(stderr.split("\n").filter((line) => line.startsWith("error"))).toEqual(
      [
        'a-b:1:1 and "A-B" are one name on some disks',
        "empty:1:1 is an empty folder, and Git has none",
        'out:1:1 leads out of the folder, to "../../../../etc"',
        'packages/absolute:1:1 leads to the absolute path "/etc/passwd"',
        "packages/pipe:1:1 is a device, a pipe or a socket",
      ].map((line) => `error[K9082] ${folder}/${line}`),
    );
    expect(await readFile(archive, "utf8")).toBe("an older archive");
    expect(await answer("release", "pack", folder)).toMatchObject({ problems: { length: 5 } });
  });

  it("must not put the archive into its own folder, nor leave half of one", async () => {
    const inside = await keelson("release", "pack", folder, "--output", join(folder, "packages/hello.nar"));
    expect(inside.stderr).toContain("error[K9082]");
    const missing = await keelson("release", "pack", folder, "--output", home.join("no/such/folder.nar"));
    expect(missing.stderr).toContain("error[K9084]");
    expect((await readdir(home.path)).filter((name) => name.includes("partial"))).toEqual([]);
    expect(existsSync(join(repository.path, "hello-0.1.0.nar"))).toBe(false);
  });

  it("must replace an older archive and nothing else", async () => {
    const [taken, pipe, link] = [home.join("taken"), home.join("pipe"), home.join("link")];
    await mkdir(taken);
    execFileSync("mkfifo", [pipe]);
    await symlink(pipe, link);
    const kinds = { "a folder": taken, "a pipe": pipe, "a link": link };
    for (const [kind, output] of Object.entries(kinds)) {
      const { stdout, stderr, exitCode } = await keelson("release", "pack", folder, "--output", output);
      expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 1 });
      expect(stderr).toContain(`error[K9084] ${output} is ${kind}, and an archive replaces no such thing`);
      expect(stderr).toContain("Name an ordinary file");
    }
    expect((await lstat(taken)).isDirectory()).toBe(true);
    expect((await lstat(pipe)).isFIFO()).toBe(true);
    expect(await readlink(link)).toBe(pipe);
  });

  it("must be told of a folder that is no release", async () => {
    const { stderr } = await keelson("release", "pack", `${folder}/packages`);
    expect(stderr).toContain(`error[K1004] ${folder}/packages has no release.yaml`);
  });
});

describe("keelson release verify", () => {
  it("must find a release, and an archive of it, as every lock says it is", async () => {
    await lock("lab", await digest());
    await lock("shop", await digest());
    await keelson("release", "pack", folder, "--output", home.join("hello.nar"));
    for (const path of [folder, home.join("hello.nar")]) {
      const { stdout, exitCode } = await keelson("release", "verify", path);
      expect({ stdout, exitCode }).toEqual({
        stdout: `ok  ${path} is hello 0.1.0, as in environments/lab/lock.yaml:2, environments/shop/lock.yaml:2: ${await digest()}\n`,
        exitCode: 0,
      });
    }
    await lock("shop", `sha256-${"A".repeat(43)}=`);
    const { exitCode, stderr } = await keelson("release", "verify", folder);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /error\[K9085\] \S+ differs from environments\/shop\/lock.yaml:2: its digest is sha256-/,
    );
    expect(stderr).toContain("no commit of this branch has the folder with that digest");
  });

  it.each<[string, string, string, (root: string) => Promise<unknown>]>([
    [
      "a changed file",
      "packages/web/config/unix",
      "content",
      (root) => writeFile(join(root, "packages/web/config/unix"), "one\ntwo"),
    ],
    [
      "a mode",
      "packages/web/run.sh",
      "executable",
      (root) => chmod(join(root, "packages/web/run.sh"), 0o644),
    ],
    [
      "a file that came",
      "packages/web/debug.log",
      "extra",
      (root) => writeFile(join(root, "packages/web/debug.log"), ""),
    ],
    [
      "a file that is gone",
      "packages/web/config/windows",
      "missing",
      (root) => rm(join(root, "packages/web/config/windows")),
    ],
    [
      "another link",
      "packages/web/start",
      "target",
      async (root) => {
        await rm(join(root, "packages/web/start"));
        await symlink("run.sh", join(root, "packages/web/start"));
      },
    ],
    ["an empty folder", "packages/web/empty", "extra", (root) => mkdir(join(root, "packages/web/empty"))],
  ])("must name the first path that differs from the lock: %s", async (_, path, how, change) => {
    const locked = await digest();
    await lock("lab", locked);
    await repository.commit({ message: "lock" });
    await change(join(repository.path, folder));
    expect(await answer("release", "verify", folder)).toEqual({
      release: { name: "hello", version: "0.1.0" },
      digest: await digest(),
      expected: [{ where: "environments/lab/lock.yaml:2", digest: locked }],
      failed: "environments/lab/lock.yaml:2",
      difference: { path, how },
      because: null,
    });
    // Once it is committed, an older commit has what was locked. A merged branch is looked into, too.
    await repository.createBranch("side");
    await repository.commit({ message: "change" });
    await repository.switchTo("main");
    await repository.commit({ files: { "README.md": "x" }, message: "other" });
    await repository.merge("side");
    const { stderr, exitCode } = await keelson("release", "verify", folder);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`differs from environments/lab/lock.yaml:2: \`${path}\` `);
  });

  it("must refuse one release in the place of another, although it is as it was locked", async () => {
    await lock("lab", await digest());
    const folders = ["releases/hello/0.2.0", "releases/other/0.1.0"];
    const archives = ["hello-0.2.0.nar", "other-thing-0.1.0.nar"].map((name) => home.join(name));
    for (const path of folders)
      await cp(join(repository.path, folder), join(repository.path, path), {
        recursive: true,
        verbatimSymlinks: true,
      });
    for (const archive of archives) await keelson("release", "pack", folder, "--output", archive);
    for (const path of [...folders, ...archives]) {
      const { stdout, stderr, exitCode } = await keelson("release", "verify", path);
      expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 1 });
      expect(stderr).toContain(`error[K9085] ${path} is hello 0.1.0 by its release.yaml, and `);
    }
    expect((await keelson("release", "verify", folder)).exitCode).toBe(0);
  });

  it("must compare with a folder or an archive", async () => {
    const archive = home.join("against.nar");
    await keelson("release", "pack", folder, "--output", archive);
    const same = await keelson("release", "verify", folder, "--against", archive);
    expect(same).toMatchObject({
      exitCode: 0,
      stdout: `ok  ${folder} is as in ${archive}: ${await digest()}\n`,
    });
    await writeFile(join(repository.path, folder, "a/b"), "3");
    const changed = await keelson("release", "verify", archive, "--against", folder);
    expect(changed).toMatchObject({ exitCode: 1, stdout: "" });
    expect(changed.stderr).toContain(
      `error[K9085] ${archive} differs from ${folder}: \`a/b\` has another content`,
    );
  });

  it("must refuse an archive that is damaged", async () => {
    const archive = home.join("damaged.nar");
    await keelson("release", "pack", folder, "--output", archive);
    const bytes = await readFile(archive);
    await writeFile(archive, bytes.subarray(0, bytes.length - 8));
    const { stderr, exitCode } = await keelson("release", "verify", archive, "--against", folder);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`error[K9083] ${archive} ends early`);
  });

  it("must say that there is nothing to compare with, and which lock cannot be read", async () => {
    const nothing = await keelson("release", "verify", folder);
    expect(nothing).toMatchObject({ exitCode: 1 });
    expect(nothing.stderr).toContain("error[K9085] no lock in ");
    await repository.write({ "environments/lab/lock.yaml": "releases: {\n" });
    const broken = await keelson("release", "verify", folder);
    expect(broken).toMatchObject({ exitCode: 1 });
    expect(broken.stderr).toContain("error[K1001] environments/lab/lock.yaml cannot be read");
  });

  it("must say so where a commit has a file that is too large to be compared", async () => {
    await repository.commit({ files: { [`${folder}/data.bin`]: Buffer.alloc(33 * 1024 * 1024) } });
    await lock("lab", await digest());
    await rm(join(repository.path, folder, "data.bin"));
    const { stderr, exitCode } = await keelson("release", "verify", folder);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /cannot be named: releases\/hello\/0\.1\.0\/data\.bin has 34603008 bytes in commit /,
    );
    expect(stderr).not.toContain("no commit of this branch");
  });

  it("must say so where there is no commit to compare with", async () => {
    await lock("lab", `sha256-${"A".repeat(43)}=`);
    await rm(join(repository.path, ".git"), { recursive: true });
    await repository.git("init", "--quiet");
    const { stderr } = await keelson("release", "verify", folder);
    expect(stderr).toMatch(/what differs cannot be named: \S+ is a Git repository without a commit yet\)/);
  });

  it("must say so where there is no Git to compare with", async () => {
    await lock("lab", `sha256-${"A".repeat(43)}=`);
    await rm(join(repository.path, ".git"), { recursive: true });
    const { stderr } = await keelson("release", "verify", folder);
    expect(stderr).toMatch(/what differs cannot be named: .* is not a Git repository/);
  });
});

describe("the digest in a lock", () => {
  const problems = async (...args: string[]) => {
    const { stdout } = await keelson("check", "--json", ...args);
    const { problems: found }: { problems: { code: string }[] } = JSON.parse(stdout);
    return found.map(({ code }) => code);
  };

  it("must be the same of the blobs, of a checkout with any line ends, and of Nix", async () => {
    await lock("lab", await digest());
    await repository.commit({ message: "lock" });
    expect(await problems()).not.toContain("K1446");
    expect(await problems("--revision", "HEAD")).not.toContain("K1446");
    for (const autocrlf of ["true", "input", "false"]) {
      const clone = home.join(`clone-${autocrlf}`);
      execFileSync("git", ["-c", `core.autocrlf=${autocrlf}`, "clone", "--quiet", repository.path, clone], {
        env: gitEnvironment(),
      });
      expect(await digest(join(clone, folder))).toBe(await digest());
      expect(await store.nix("hash", "path", join(clone, folder))).toBe(await digest());
      await rm(clone, { recursive: true });
    }
  });

  it("must be another one where a checkout changes line ends", async () => {
    await repository.commit({ files: { ".gitattributes": null } });
    const clone = home.join("clone");
    execFileSync("git", ["-c", "core.autocrlf=true", "clone", "--quiet", repository.path, clone], {
      env: gitEnvironment(),
    });
    expect(await digest(join(clone, folder))).not.toBe(await digest());
    await rm(clone, { recursive: true });
  });

  it("must be refused by check at the lock's line, in the work tree and in a commit", async () => {
    await lock("lab", await digest());
    await repository.commit({ files: { [`${folder}/a/b`]: "changed" } });
    const { stderr, exitCode } = await keelson("check");
    expect(exitCode).toBe(1);
    expect(stderr).toContain(
      `error[K1446] environments/lab/lock.yaml:2:36 ${folder} is not what was locked: its digest is ${await digest()}`,
    );
    expect(await problems("--revision", "HEAD")).toContain("K1446");
    await repository.write({ [`${folder}/a/b`]: "2" });
    expect(await problems()).not.toContain("K1446");
  });
});
