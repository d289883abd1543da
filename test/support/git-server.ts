import { spawn } from "node:child_process";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { gitEnvironment } from "./git-repository.ts";
import { startHttpFront } from "./http-front.ts";
import type { Credentials, HttpFront } from "./http-front.ts";
import { outputOf } from "./program.ts";
import { makeTempFolder } from "./temp-folder.ts";

export interface GitServer extends HttpFront {
  /** The address of a repository, without credentials. */
  url(name: string): string;
  /** The folder of a repository. */
  pathOf(name: string): string;
  /** Makes an empty bare repository with the branch `main` and returns its folder. */
  createRepository(name: string): Promise<string>;
}

export interface GitServerOptions {
  /** With them every request needs HTTP basic authentication. */
  readonly credentials?: Credentials;
}

/**
 * Starts a Git server over smart HTTP: `git http-backend`, protocol v2, fetch and push, on a free port of 127.0.0.1.
 * Its repositories go when it is disposed.
 */
export async function startGitServer({ credentials }: GitServerOptions = {}): Promise<GitServer> {
  const folder = await makeTempFolder("keelson-git-server-");
  const pathOf = (name: string) => join(folder.path, `${name}.git`);
  const front = await startHttpFront({
    credentials,
    answer: (request, response) =>
      serve({ root: folder.path, username: credentials?.username }, { request, response }),
  });
  return {
    ...front,
    pathOf,
    url: (name) => `${front.origin}/${name}.git`,
    createRepository: async (name) => {
      const path = pathOf(name);
      const git = ["git", "-C", path] as const;
      const options = { env: gitEnvironment() };
      await outputOf(["git", "init", "--quiet", "--bare", "--initial-branch=main", path], options);
      await outputOf([...git, "config", "http.receivepack", "true"], options);
      // As the big forges have it.
      await outputOf([...git, "config", "uploadpack.allowFilter", "true"], options);
      return path;
    },
    [Symbol.asyncDispose]: async () => {
      await front[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** By its own path: a program that only starts it takes as long as it does itself. */
const backend = outputOf(["git", "--exec-path"]).then((path) => join(path.trim(), "git-http-backend"));

/** One request through the CGI program, as gitprotocol-http(5) and git-http-backend(1) describe it. */
async function serve(
  { root, username }: { root: string; username: string | undefined },
  { request, response }: { request: IncomingMessage; response: ServerResponse },
): Promise<void> {
  const url = new URL(request.url ?? "/", "http://127.0.0.1");
  const header = (name: string) => String(request.headers[name] ?? "");
  const child = spawn(await backend, [], {
    stdio: ["pipe", "pipe", "pipe"],
    env: gitEnvironment({
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      GIT_PROTOCOL: header("git-protocol"),
      REQUEST_METHOD: request.method ?? "GET",
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: header("content-type"),
      CONTENT_LENGTH: header("content-length"),
      HTTP_CONTENT_ENCODING: header("content-encoding"),
      REMOTE_ADDR: "127.0.0.1",
      ...(username === undefined ? {} : { REMOTE_USER: username }),
    }),
  });
  // Whoever goes away first ends the other: a client that hung up leaves no process behind.
  response.once("close", () => {
    if (!response.writableFinished) child.kill();
  });
  child.once("error", (error) => response.destroy(error));
  child.stdin.on("error", () => {});
  request.pipe(child.stdin);
  child.stderr.resume();
  await passOn(child.stdout, response);
}

async function passOn(stdout: Readable, response: ServerResponse): Promise<void> {
  let head = Buffer.alloc(0);
  const chunks: AsyncIterable<Buffer> = stdout;
  for await (const chunk of chunks) {
    if (response.headersSent) {
      response.write(chunk);
      continue;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) continue;
    let status = 200;
    for (const line of head.subarray(0, end).toString("latin1").split("\r\n")) {
      const colon = line.indexOf(":");
      const [name, value] = [line.slice(0, colon), line.slice(colon + 1).trim()];
      if (name.toLowerCase() === "status") status = Number.parseInt(value, 10);
      else response.setHeader(name, value);
    }
    response.writeHead(status);
    response.write(head.subarray(end + 4));
  }
  if (!response.headersSent) response.writeHead(500);
  response.end();
}
