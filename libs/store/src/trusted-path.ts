import { type Stats, lstatSync, readlinkSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { cwd, getegid, geteuid } from "node:process";

import { KeelsonError, isSystemError, octal, stalled } from "@keelson/model";

const groupWrites = 0o020;
const othersWrite = 0o002;
const sticky = 0o1000;
/** As the kernel follows at most (path_resolution(7)). */
const mostLinks = 40;

/**
 * Throws K4016 when a user other than root and this one could change or replace what is at a path. It judges every folder on
 * the way there and every link that the way leads through; for a path that does not exist yet, the folders that do. `what`
 * is the name in messages, such as `the state folder`.
 */
export function requireTrusted(path: string, what: string): void {
  let rest = namesOf(isAbsolute(path) ? path : `${cwd()}/${path}`);
  let at = "/";
  let stats = statsOf(at);
  let links = 0;
  while (stats !== null) {
    const [name, ...below] = rest;
    const fault = faultOf(stats, { path: at, isLast: name === undefined });
    if (fault !== null) throw untrusted(fault, { what, path, at });
    if (name === undefined || !stats.isDirectory()) return;
    const next = join(at, name);
    const found = statsOf(next);
    rest = below;
    if (found?.isSymbolicLink() === true) {
      // In a folder like /tmp every user can make a link; elsewhere only those whom the folder trusts.
      const owner = (stats.mode & sticky) === 0 ? null : ownerFault(found, next);
      if (owner !== null) throw untrusted(owner, { what, path, at: next });
      if (++links > mostLinks) return; // nothing can be opened there
      const target = readlinkSync(next);
      rest = [...namesOf(target), ...below];
      if (isAbsolute(target)) [at, stats] = ["/", statsOf("/")];
    } else {
      [at, stats] = [next, found];
    }
  }
}

/** Not normalised: `..` goes up from where a link leads to. */
function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

interface Fault {
  found: string;
  command: string;
}

function faultOf(stats: Stats, { path, isLast }: { path: string; isLast: boolean }): Fault | null {
  const owner = ownerFault(stats, path);
  if (owner !== null) return owner;
  const { mode, gid } = stats;
  const isOpen = (mode & othersWrite) !== 0 || ((mode & groupWrites) !== 0 && !isOwnGroup(gid));
  // In a sticky folder no user can rename or remove another's entry, and the entry on the way is judged by itself.
  if (!isOpen || (!isLast && (mode & sticky) !== 0)) return null;
  return {
    found: `can be changed by others (mode ${octal(mode)})`,
    command: `chmod go-w ${path}`,
  };
}

function ownerFault({ uid }: Stats, path: string): Fault | null {
  const own = geteuid?.() ?? 0;
  if (uid === 0 || uid === own) return null;
  return { found: `belongs to another user (${uid})`, command: `chown -h ${own} ${path}` };
}

/** Of root, or the group that many systems make for one user alone, with the user's own number. */
function isOwnGroup(gid: number): boolean {
  return gid === 0 || (gid === getegid?.() && gid === geteuid?.());
}

/** null for what does not exist or cannot be seen: opening it fails later, with an error of its own. */
function statsOf(path: string): Stats | null {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) ?? null;
  } catch (error) {
    if (isSystemError(error)) return null;
    throw error;
  }
}

function untrusted(
  { found, command }: Fault,
  { what, path, at }: { what: string; path: string; at: string },
): KeelsonError {
  const isItself = at === resolve(path);
  const subject = isItself ? `${what} ${path}` : `${what} ${path} could be replaced: ${at}`;
  // Not every folder on the way is to be root's: a user's home is not.
  const otherwise = isItself
    ? ""
    : ". Or keep it in another folder, or run Keelson as the user who owns that folder";
  return new KeelsonError({
    code: "K4016",
    message: `${subject} ${found}`,
    hint: `Check that nobody has changed it; then run: ${command}${otherwise}`,
    outcome: stalled,
  });
}
