import { readFile, stat } from "node:fs/promises";

import type { Credential, KeelsonError } from "@keelson/model";

import type { Deadline } from "./deadline.ts";
import { gitError, isSystemError } from "./git-error.ts";
import { runProgram } from "./program.ts";

/** For HTTP basic authentication. */
export interface Login {
  username: string;
  password: string;
}

/** The user name that goes with a token: GitHub wants this one, and other hosts ignore it. */
export const tokenUser = "x-access-token";
const maxCredentialBytes = 16 * 1024;

/**
 * Reads a credential: a token or `user:password`, which is the content of the file or the first line that the command
 * prints. Throws K2002 when there is none, and K2005 when the command does not end in time. No message quotes what was
 * read, the command's arguments or its error output.
 */
export async function readCredential(credential: Credential, timeoutMs: number): Promise<Login> {
  if ("file" in credential) {
    return parseCredential(
      await readCredentialFile(credential.file),
      `the credential file ${credential.file}`,
    );
  }
  const [file = "", ...args] = credential.command;
  const output = await runCredentialCommand({ file, args, timeoutMs });
  return parseCredential(output.split("\n", 1)[0] ?? "", `the output of the credential command ${file}`);
}

/**
 * The login for a server: the credential where there is one, or else what its URL holds. Throws as `readCredential`
 * does.
 */
export async function chooseLogin(
  { login }: { login: Login | null },
  { credential, deadline }: { credential: Credential | undefined; deadline: Deadline },
): Promise<Login | null> {
  return credential === undefined ? login : await readCredential(credential, deadline.leftMs());
}

function parseCredential(text: string, where: string): Login {
  const value = text.replace(/[\r\n]+$/, "");
  if (value === "") throw unusable(`${where} is empty`);
  // oxlint-disable-next-line no-control-regex -- control characters are what must be found
  if (/[\u0000-\u001f\u007f]/.test(value)) throw unusable(`${where} is more than one line of text`);
  const colon = value.indexOf(":");
  if (colon < 0) return { username: tokenUser, password: value };
  return { username: value.slice(0, colon), password: value.slice(colon + 1) };
}

async function readCredentialFile(path: string): Promise<string> {
  try {
    const status = await stat(path);
    // Opening a pipe or a device could wait for ever.
    if (!status.isFile() || status.size > maxCredentialBytes) {
      throw unusable(`the credential file ${path} is not a small regular file`);
    }
    return await readFile(path, "utf8");
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw unusable(`the credential file ${path} cannot be read`, error);
  }
}

async function runCredentialCommand(command: {
  file: string;
  args: string[];
  timeoutMs: number;
}): Promise<string> {
  const { file } = command;
  const { PATH, HOME } = process.env;
  const end = await runProgram({ ...command, env: { PATH, HOME }, maxOutputBytes: maxCredentialBytes });
  if (end.kind === "exited" && end.exitCode === 0) return end.stdout.toString("utf8");
  if (end.kind === "timeout") {
    throw gitError("K2005", {
      message: `the credential command ${file} did not end within ${command.timeoutMs} ms`,
      hint: "Run the command by hand as the agent's user: it must print one line and end without asking anything.",
    });
  }
  const ends = {
    exited: "failed",
    "not-started": "cannot be started",
    overflow: `printed more than ${maxCredentialBytes} bytes`,
    stopped: "was stopped",
  };
  throw unusable(`the credential command ${file} ${ends[end.kind]}`);
}

function unusable(message: string, cause?: unknown): KeelsonError {
  return gitError("K2002", {
    message,
    hint: "source.credential in agent.yaml names a file, or a command that prints one line: a token or user:password.",
    ...(cause === undefined ? {} : { cause }),
  });
}
