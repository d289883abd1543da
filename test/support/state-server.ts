import { makeGitRepository } from "./git-repository.ts";
import type { GitRepository } from "./git-repository.ts";
import { startGitServer } from "./git-server.ts";
import type { GitServer } from "./git-server.ts";
import type { Credentials } from "./http-front.ts";

export interface StateServer extends AsyncDisposable {
  readonly server: GitServer;
  /** The address of the state repository, without credentials. */
  readonly url: string;
  /** Its folder. */
  readonly path: string;
  /** A clone of it, as somebody works in it; without a commit. */
  readonly repository: GitRepository;
  /** The requests since this was asked last, as `GET /state.git/info/refs?service=git-upload-pack`. */
  takeRequests(): string[];
}

export interface StateServerOptions {
  /** With them every request needs HTTP basic authentication; the clone has them. */
  readonly credentials?: Credentials | undefined;
  /** Of the repository: `state` unless told. */
  readonly name?: string;
  /** Which way the clone goes: past the server unless told, so that its requests are others' alone. */
  readonly through?: "folder" | "server";
}

/** Starts a Git server with a state repository, and makes a clone of that. */
export async function startStateServer({
  credentials,
  name = "state",
  through = "folder",
}: StateServerOptions = {}): Promise<StateServer> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startGitServer(credentials === undefined ? {} : { credentials }));
  const path = await server.createRepository(name);
  const url = server.url(name);
  const { href } = Object.assign(new URL(url), credentials);
  const repository = stack.use(await makeGitRepository({ remote: through === "server" ? href : path }));
  const cleanUp = stack.move();
  return {
    server,
    url,
    path,
    repository,
    takeRequests: () => server.requests.splice(0).map((request) => `${request.method} ${request.path}`),
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  };
}
