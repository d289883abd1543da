import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { geteuid } from "node:process";
import { KeelsonError, isSystemError, octal, required, stalled } from "@keelson/model";

const others = 0o077;
const textBytesLimit = 4 * 1024 * 1024;

/**
 * The bytes of a file that only its owner may read, or null when there is none. Checked and read through one
 * descriptor, so that it cannot be exchanged in between. Throws K5003 when others may read it, K5005 when it cannot
 * be read.
 */
export function readPrivateFile(path: string, what: string): Uint8Array | null {
  let descriptor: number;
  try {
    // A named pipe in its place must not hang the agent.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return null;
    throw unreadable({ path, what, cause: error });
  }
  try {
    const { mode, uid, size } = fstatSync(descriptor);
    if ((mode & constants.S_IFMT) !== constants.S_IFREG || size > textBytesLimit) {
      throw unreadable({ path, what, cause: new Error("it is no ordinary, small file") });
    }
    if ((mode & others) !== 0) {
      throw new KeelsonError({
        code: "K5003",
        message: `${what} ${path} can be read by others (mode ${octal(mode)})`,
        hint: `Run: chmod 600 ${path}`,
        outcome: stalled,
      });
    }
    if (uid !== 0 && uid !== geteuid?.()) {
      throw new KeelsonError({
        code: "K5003",
        message: `${what} ${path} belongs to another user (${uid})`,
        hint: `Run: chown ${geteuid?.() ?? 0} ${path} && chmod 600 ${path}`,
        outcome: stalled,
      });
    }
    return readFileSync(descriptor);
  } catch (error) {
    if (error instanceof KeelsonError) throw error;
    throw unreadable({ path, what, cause: error });
  } finally {
    closeSync(descriptor);
  }
}

/** K5005: a key or secrets file that cannot be read or written. */
export function unreadable(input: { path: string; what: string; cause: unknown }): KeelsonError {
  return new KeelsonError({
    code: "K5005",
    message: `${input.what} ${input.path} cannot be used`,
    hint: "Check that the path exists, is an ordinary file and can be read by the user the agent runs as.",
    cause: input.cause,
  });
}

/**
 * Makes a file that only its owner may read, with its folder, and returns what it holds. The first process that links has made it;
 * the others read that one. Throws as `readPrivateFile`.
 */
export function makePrivateFile({
  path,
  what,
  text,
}: {
  path: string;
  what: string;
  text: string;
}): Uint8Array {
  const folder = dirname(path);
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    try {
      writeDraft(draft, text);
      linkSync(draft, path);
    } catch (error) {
      if (!isSystemError(error, "EEXIST")) throw error;
    } finally {
      removeDraft(draft);
    }
    syncFolder(folder);
  } catch (error) {
    throw unreadable({ path, what, cause: error });
  }
  return required(readPrivateFile(path, what), `${path}, which was just made`);
}

function writeDraft(path: string, text: string): void {
  const descriptor = openSync(path, "wx", 0o600);
  try {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function removeDraft(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isSystemError(error, "ENOENT")) throw error;
  }
}

function syncFolder(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
