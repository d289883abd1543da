import { lstatSync, readlinkSync, type Stats } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { cwd, getegid, geteuid } from "node:process";

import { KeelsonError, stalled, octal, isSystemError } from "@keelson/model";

const groupWrites = 0o020;
const othersWrite = 0o002;
const sticky = 0o1000;
/** As the kernel follows at most (path_resolution(7)). */
const mostLinks = 40;

/**
 * Throws K4016 when somebody else than root and this user could change what is at a path, or put something else in its
 * place: every folder on the way to it is judged, and every link that it leads through. What is not there yet is judged by
 * the folders that are. `what` is what messages call it, such as `the state folder`.
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
      // In a folder like /tmp anybody can make a link; elsewhere only those whom the folder trusts.
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
  mend: string;
}

function faultOf(stats: Stats, { path, isLast }: { path: string; isLast: boolean }): Fault | null {
  const owner = ownerFault(stats, path);
  if (owner !== null) return owner;
  const { mode, gid } = stats;
  const isOpen = (mode & othersWrite) !== 0 || ((mode & groupWrites) !== 0 && !isOwnGroup(gid));
  // In a sticky folder nobody can rename or remove what is another's: that it holds is judged by itself.
  if (!isOpen || (!isLast && (mode & sticky) !== 0)) return null;
  return {
    found: `can be changed by others (mode ${octal(mode)})`,
    mend: `chmod go-w ${path}`,
  };
}

function ownerFault({ uid }: Stats, path: string): Fault | null {
  const own = geteuid?.() ?? 0;
  if (uid === 0 || uid === own) return null;
  return { found: `belongs to another user (${uid})`, mend: `chown -h ${own} ${path}` };
}

/** Of root, or the group that many systems make for one user alone, with the user's own number. */
function isOwnGroup(gid: number): boolean {
  return gid === 0 || (gid === getegid?.() && gid === geteuid?.());
}

/** null for what is not there, or is not to be seen: whoever opens it says so. */
function statsOf(path: string): Stats | null {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) ?? null;
  } catch (error) {
    if (isSystemError(error)) return null;
    throw error;
  }
}

function untrusted(
  { found, mend }: Fault,
  { what, path, at }: { what: string; path: string; at: string },
): KeelsonError {
  const isItself = at === resolve(path);
  const subject = isItself ? `${what} ${path}` : `${what} ${path} could be another one: ${at}`;
  // Not every folder on the way is to be root's: a user's home is not.
  const otherwise = isItself
    ? ""
    : ". Or keep it in another folder, or run Keelson as the user whose folder it is";
  return new KeelsonError({
    code: "K4016",
    message: `${subject} ${found}`,
    hint: `See that nobody has changed it; then run: ${mend}${otherwise}`,
    outcome: stalled,
  });
}
