import { chmod, copyFile, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { findComposeBinary } from "../../libs/compose/src/index.ts";
import { makePackage } from "../../packaging/npm-package.ts";
import { makeTempFolder, outputOf } from "../support/index.ts";
import { provideDebs } from "./private-programs.ts";

export interface AgentBases extends AsyncDisposable {
  /** The package, with its Dockerfile. */
  readonly packageFolder: string;
  /** The Dockerfile's arguments: images that are made here in the place of those of Docker Hub. */
  readonly args: Readonly<Record<"BASE" | "COMPOSE", string>>;
}

/** What a small Debian has that can start systemd and run the agent. */
const packages = [
  "base-files",
  "bash",
  "ca-certificates",
  "coreutils",
  "dash",
  "git",
  "grep",
  "libstdc++6",
  "openssh-client",
  "procps",
  "sed",
  "systemd",
  "util-linux",
];

const files = {
  "etc/passwd": "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534::/:/usr/sbin/nologin\n",
  "etc/group": "root:x:0:\ntty:x:5:\nutmp:x:43:\nsystemd-journal:x:999:\nnogroup:x:65534:\n",
  // Everything that the Dockerfile asks for is there.
  "usr/bin/apt-get": "#!/bin/sh\nexit 0\n",
};

/**
 * Makes an image of Debian packages with this Node, as `node:24-slim` has it and with git and ssh beside it; no registry
 * is asked. Disposing it removes the image.
 */
async function importBaseImage(tag: string): Promise<AsyncDisposable> {
  const debian = await provideDebs("debian", packages);
  await using own = await makeTempFolder("keelson-base-");
  await outputOf(["cp", "--archive", `${debian}/.`, own.path]);
  await writeFiles(own.path, files);
  await chmod(own.join("usr/bin/apt-get"), 0o755);
  // As Debian's installation makes it.
  await rm(own.join("var/run"), { recursive: true, force: true });
  await symlink("/run", own.join("var/run"));
  await mkdir(own.join("usr/local/bin"), { recursive: true });
  await copyFile(process.execPath, own.join("usr/local/bin/node"));
  await importFolder(own.path, tag);
  return { [Symbol.asyncDispose]: async () => removeImage(tag) };
}

/** The image that Docker publishes with nothing but the Compose program. */
async function importComposeImage(tag: string): Promise<AsyncDisposable> {
  await using own = await makeTempFolder("keelson-compose-");
  await copyFile(await findComposeBinary(process.env), own.join("docker-compose"));
  await importFolder(own.path, tag);
  return { [Symbol.asyncDispose]: async () => removeImage(tag) };
}

async function importFolder(folder: string, tag: string): Promise<void> {
  const script = 'set -o pipefail; tar --owner=0 --group=0 -C "$1" -c . | docker import - "$2"';
  await outputOf(["bash", "-c", script, "bash", folder, tag], { timeoutMs: 180_000 });
}

async function removeImage(tag: string): Promise<void> {
  await outputOf(["docker", "rmi", "--force", tag]);
}

/** Makes the package, and the images that its Dockerfile begins with, under tags that begin with this one. */
export async function makeAgentBases(tag: string): Promise<AgentBases> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makeTempFolder("keelson-image-"));
  const { folder: packageFolder } = await makePackage({ outDir: folder.path });
  const args = { BASE: `${tag}-base`, COMPOSE: `${tag}-compose` };
  stack.use(await importBaseImage(args.BASE));
  stack.use(await importComposeImage(args.COMPOSE));
  // Of what is built on them; without one it is done.
  stack.defer(async () => removeImage(tag));
  const cleanUp = stack.move();
  return { packageFolder, args, [Symbol.asyncDispose]: async () => cleanUp.disposeAsync() };
}

/** Builds the image of the package's own Dockerfile on these bases. Disposing it removes the image. */
export async function buildAgentImage(tag: string): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const bases = stack.use(await makeAgentBases(tag));
  const args = Object.entries(bases.args).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]);
  await outputOf(["docker", "build", "--quiet", "--tag", tag, ...args, bases.packageFolder], {
    timeoutMs: 120_000,
  });
  const cleanUp = stack.move();
  return { [Symbol.asyncDispose]: async () => cleanUp.disposeAsync() };
}

/** Writes files into a folder, by their paths below it. */
export async function writeFiles(folder: string, texts: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(texts)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}
