import { InvariantError, Name } from "@keelson/model";

import { isObjectId } from "./object-id.ts";

/** How a node publishes its status: as notes on the commits that it is about, or as a branch of its own. */
export type StatusForm = "notes" | "branch";

export interface StatusPlace {
  as: StatusForm;
  environment: string;
  node: string;
}

/** Each ref below these prefixes has the status of one node. */
export const statusPrefixes: Record<StatusForm, string> = {
  notes: "refs/notes/keelson/",
  branch: "refs/heads/keelson/status/",
};

/** The ref of a node's status. The node writes only this one, and no other node writes it. */
export function statusRef({ as, environment, node }: StatusPlace): string {
  if (!isName(environment) || !isName(node))
    throw new InvariantError("the names of a status ref must be checked before");
  return `${statusPrefixes[as]}${environment}/${node}`;
}

/** The node whose status a ref has; null for a ref that is not for statuses. */
export function readStatusRef(ref: string): StatusPlace | null {
  const as = (["notes", "branch"] as const).find((form) => ref.startsWith(statusPrefixes[form]));
  if (as === undefined) return null;
  const [environment = "", node = "", ...rest] = ref.slice(statusPrefixes[as].length).split("/");
  if (rest.length > 0 || !isName(environment) || !isName(node)) return null;
  return { as, environment, node };
}

const subject = "status of ";

/** The message of a status commit. It says to which commit the newest note belongs. */
export function statusMessage(commit: string): string {
  return `${subject}${commit}\n`;
}

/** The commit that a status commit is about; null when its message does not say it. */
export function readStatusMessage(message: string): string | null {
  const line = message.split("\n", 1)[0] ?? "";
  const commit = line.slice(subject.length);
  return line.startsWith(subject) && isObjectId(commit) ? commit : null;
}

function isName(text: string): boolean {
  return Name.safeParse(text).success;
}

/** The path of the newest status in the tree of a ref. */
export function statusFilePath(ref: string, commit: string | null): string | null {
  return readStatusRef(ref)?.as === "branch" ? "status.json" : commit;
}

/** Whether an entry of a ref's tree is one that Keelson writes there. */
export function isStatusFile(ref: string, { path, type }: { path: string; type: string }): boolean {
  if (type !== "blob") return false;
  return readStatusRef(ref)?.as === "branch" ? /^status\.(?:json|md)$/.test(path) : isObjectId(path);
}
