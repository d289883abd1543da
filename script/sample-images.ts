import { spawn } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";
import { buildImageArchive } from "./image-archive.ts";

// node script/sample-images.ts [--socket PATH] NAME:VERSION...
// Builds sample images and loads them into the engine: of the socket, else of DOCKER_HOST, else the machine's.

const { values, positionals } = parseArgs({
  options: { socket: { type: "string" } },
  allowPositionals: true,
});

const malformed = positionals.filter((tag) => !/^[a-z0-9][a-z0-9._/-]*:[\w.-]+$/.test(tag));
if (positionals.length === 0 || malformed.length > 0) {
  if (malformed.length > 0) process.stderr.write(`not NAME:VERSION: ${malformed.join(" ")}\n`);
  process.stderr.write("usage: node script/sample-images.ts [--socket PATH] NAME:VERSION...\n");
  process.exit(2);
}

const host = values.socket === undefined ? [] : ["--host", `unix://${values.socket}`];
for (const tag of positionals) {
  const { archive } = await buildImageArchive({ tag });
  const docker = spawn("docker", [...host, "load", "--quiet"], {
    stdio: ["pipe", "inherit", "inherit"],
    timeout: 120_000,
  });
  // A client that ends early says why by itself.
  docker.stdin.on("error", () => {});
  docker.stdin.end(archive);
  await once(docker, "close");
  if (docker.exitCode !== 0) process.exit(docker.exitCode ?? 1);
}
