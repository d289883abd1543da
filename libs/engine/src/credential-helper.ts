import { type ChildProcess, spawn } from "node:child_process";

import { KeelsonError, type Outcome, isSystemError, stalled, transient } from "@keelson/model";

import { type RegistryLogin, newLogin } from "./docker-config.ts";
import { recordOf, textOf } from "./json-reader.ts";
import type { RegistryKey } from "./registry-key.ts";

export interface HelperCall {
  /** `docker-credential-<name>`, looked for in PATH. */
  program: string;
  registry: RegistryKey;
  timeoutMs: number;
}

type HelperEnd =
  | { kind: "exited"; exitCode: number | null; output: string }
  | { kind: "missing" | "timeout" | "overflow" };

const longestOutputBytes = 64 * 1024;
/** docker-credential-helpers, `errCredentialsNotFoundMessage`. */
const notFound = "credentials not found in native keychain";
/** The user of an identity token (docker/cli, `tokenUsername`). */
const tokenUser = "<token>";

/**
 * Asks a program that keeps logins for that of a registry, by the protocol of docker-credential-helpers; null when it has
 * none. Throws K3035 when it gives no answer. No message holds what it printed.
 */
export async function askHelper(call: HelperCall): Promise<RegistryLogin | null> {
  const end = await run(call);
  if (end.kind !== "exited") throw endless(call, end.kind);
  if (end.exitCode !== 0) {
    if (end.output.trim() === notFound) return null;
    const ended = end.exitCode === null ? "was ended by a signal" : `failed with exit code ${end.exitCode}`;
    throw failure(call, { ended, outcome: transient });
  }
  return parseAnswer(call, end.output);
}

function parseAnswer(call: HelperCall, output: string): RegistryLogin | null {
  const answer = recordOf(parseJson(output));
  const [user, secret] = [textOf(answer["Username"]), textOf(answer["Secret"])];
  if (user === "" || secret === "") {
    throw failure(call, { ended: "printed no Username and Secret as JSON", outcome: stalled });
  }
  const { key } = call.registry;
  return newLogin(key, user === tokenUser ? { identitytoken: secret } : { username: user, password: secret });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // told as an answer without its fields: the parser's message quotes the text
  }
}

/** With a closed environment, no shell, and a process group of its own, which is killed when it takes too long. */
async function run({ program, registry, timeoutMs }: HelperCall): Promise<HelperEnd> {
  const { PATH, HOME } = process.env;
  const child = spawn(program, ["get"], {
    cwd: "/",
    env: { PATH, HOME },
    stdio: ["pipe", "pipe", "ignore"],
    detached: true,
  });
  const { promise, resolve, reject } = Promise.withResolvers<HelperEnd>();
  const kill = (kind: "timeout" | "overflow") => {
    killGroup(child);
    // A grandchild that left the group may hold the pipe open: it is not waited for.
    child.stdout.destroy();
    resolve({ kind });
  };
  const timer = setTimeout(() => kill("timeout"), timeoutMs);
  const chunks: Buffer[] = [];
  let bytes = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > longestOutputBytes) kill("overflow");
    else chunks.push(chunk);
  });
  // It may end without reading: its exit code says more than EPIPE does.
  child.stdin.on("error", () => {});
  child.stdin.end(registry.key);
  child.once("error", (error) => {
    if (isSystemError(error, "ENOENT", "EACCES")) resolve({ kind: "missing" });
    else reject(error);
  });
  child.once("close", (exitCode) =>
    resolve({ kind: "exited", exitCode, output: Buffer.concat(chunks).toString("utf8") }),
  );
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if (!isSystemError(error, "ESRCH")) throw error;
  }
}

function endless(call: HelperCall, kind: "missing" | "timeout" | "overflow"): KeelsonError {
  switch (kind) {
    case "missing":
      return failure(call, { ended: "is not in the agent's PATH, or may not be run", outcome: stalled });
    case "timeout":
      return failure(call, { ended: `did not end within ${call.timeoutMs / 1_000} s`, outcome: transient });
    default:
      return failure(call, { ended: "printed more than a login", outcome: stalled });
  }
}

function failure(
  { program, registry }: HelperCall,
  { ended, outcome }: { ended: string; outcome: Outcome },
): KeelsonError {
  return new KeelsonError({
    code: "K3035",
    message: `${program}, which keeps the login for ${registry.host}, ${ended}`,
    hint: `Run it by hand as the agent's user, with no variables but PATH and HOME: echo ${registry.key} | ${program} get`,
    outcome,
  });
}
