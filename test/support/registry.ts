import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { delimiter, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type Docker from "dockerode";
import { followDocker } from "./docker-stream.ts";
import { startHttpFront } from "./http-front.ts";
import type { Credentials, HttpFront } from "./http-front.ts";
import { findFreePort } from "./port.ts";
import { checkout } from "./program.ts";
import { endProcess } from "./leftover-processes.ts";
import { makeTempFolder } from "./temp-folder.ts";
import { waitFor } from "./wait-for.ts";

export interface PushedImage {
  /** `127.0.0.1:<port>/<name>:<version>` */
  readonly reference: string;
  /** `127.0.0.1:<port>/<name>@sha256:…` */
  readonly pinned: string;
}

export interface Registry extends HttpFront {
  /** `127.0.0.1:<port>`, which engines accept without TLS. */
  readonly host: string;
  /**
   * Pushes an image that the engine has under `tag` to the same name here. The engine keeps `tag` but not the
   * reference, so that the reference has to be pulled.
   */
  push(docker: Docker, tag: string): Promise<PushedImage>;
  /** What it asks for from now on. Only where it was started with credentials. */
  setCredentials(credentials: Credentials): Promise<void>;
}

export interface RegistryOptions {
  /** The registry asks for them by HTTP basic authentication, with an htpasswd file, and `push` uses them. */
  readonly credentials?: Credentials;
}

/** Starts a Docker registry on a free port of 127.0.0.1, behind a front that can misbehave. */
export async function startRegistry(options: RegistryOptions = {}): Promise<Registry> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makeTempFolder("keelson-registry-"));
  let { credentials } = options;
  const writePasswords = async (allowed: Credentials) =>
    writeFile(folder.join("htpasswd"), `${allowed.username}:${hashPassword(allowed.password)}\n`);
  if (credentials !== undefined) await writePasswords(credentials);
  const backendPort = await findFreePort();
  await mkdir(folder.join("data"));
  await writeFile(
    folder.join("config.yml"),
    [
      "version: 0.1",
      "log: { level: error, accesslog: { disabled: true } }",
      `storage: { filesystem: { rootdirectory: ${JSON.stringify(folder.join("data"))} }, delete: { enabled: true } }`,
      `http: { addr: "127.0.0.1:${backendPort}", relativeurls: true }`,
      ...(credentials === undefined
        ? []
        : [`auth: { htpasswd: { realm: test, path: ${JSON.stringify(folder.join("htpasswd"))} } }`]),
    ].join("\n"),
  );
  const child = spawn(
    "setpriv",
    ["--pdeathsig", "KILL", findRegistry(), "serve", folder.join("config.yml")],
    { stdio: "ignore", env: { PATH: process.env["PATH"] } },
  );
  await once(child, "spawn");
  stack.defer(() => endProcess(child.pid ?? 0));
  const front = stack.use(
    await startHttpFront({
      answer: (request, response) => forward(backendPort, { request, response }),
    }),
  );
  const isUp = async () => [200, 401].includes((await fetch(`http://127.0.0.1:${backendPort}/v2/`)).status);
  await waitFor(isUp, { what: "the registry" });

  const host = `127.0.0.1:${front.port}`;
  const cleanUp = stack.move();
  return {
    ...front,
    host,
    push: async (docker, tag) => {
      const [name, version] = splitTag(tag);
      const reference = `${host}/${name}:${version}`;
      await docker.getImage(tag).tag({ repo: `${host}/${name}`, tag: version });
      // Engine 20.10 refuses a push without this header, whether or not anybody asks for credentials.
      const authconfig = { ...credentials, serveraddress: host };
      const image = docker.getImage(reference);
      try {
        const progress = await followDocker(await image.push({ authconfig }));
        const digest = progress.map((line) => line.aux?.Digest).find((found) => found !== undefined);
        return { reference, pinned: `${host}/${name}@${digest}` };
      } finally {
        await image.remove();
      }
    },
    setCredentials: async (next) => {
      // Over a file that is not there the registry would not have been told to ask.
      if (credentials === undefined) throw new Error("the registry asks for no credentials");
      await writePasswords(next);
      credentials = next;
    },
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  };
}

/** For an htpasswd file: the registry takes bcrypt only, which Perl has from the C library of every Debian. */
function hashPassword(password: string): string {
  const script = 'print crypt($ARGV[0], "\\$2b\\$05\\$" . "keelson" x 3 . "u") // die "no bcrypt"';
  const hash = execFileSync("perl", ["-e", script, password], { encoding: "utf8" });
  if (!hash.startsWith("$2b$")) throw new Error("perl has no bcrypt: its crypt is that of another C library");
  return hash;
}

function splitTag(tag: string): [name: string, version: string] {
  const colon = tag.lastIndexOf(":");
  return [tag.slice(0, colon), tag.slice(colon + 1)];
}

async function forward(
  port: number,
  { request, response }: { request: IncomingMessage; response: ServerResponse },
): Promise<void> {
  const { method, url: path, headers } = request;
  const outgoing = httpRequest({ host: "127.0.0.1", port, method, path, headers });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once("response", resolve);
    outgoing.once("error", reject);
  });
  const [incoming] = await Promise.all([answered, pipeline(request, outgoing)]);
  response.writeHead(incoming.statusCode ?? 502, incoming.headers);
  await pipeline(incoming, response);
}

function findRegistry(): string {
  const folders = [
    join(checkout, ".keelson/registry/usr/bin"),
    ...(process.env["PATH"] ?? "").split(delimiter),
  ];
  const path = folders
    .map((folder) => join(folder, "docker-registry"))
    .find((candidate) => existsSync(candidate));
  if (path === undefined) throw new Error("there is no docker-registry: run script/setup --tests");
  return path;
}
