import { type ComposeInput, type Problem, decodeText } from "@keelson/model";

import { problemAt } from "./compose-document.ts";
import { nearestNode } from "./compose-node.ts";
import type { Participant, Participants, PlainFile } from "./participant.ts";
import { undeclared } from "./variables.ts";
import type { Workspace } from "./workspace.ts";

const rejectedHint = "Correct the Compose file; the message above is Compose's own.";

export interface Said {
  stderr: string;
  workspace: Workspace;
  participants: Participants;
}

/** K1420 with Compose's own message, at the key that it names. */
export function readRejection({ stderr, workspace, participants }: Said): Problem {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "" && !isLogLine(line));
  const message =
    lines.map((line) => line.trim()).join(" ") || "Compose refused the files and gave no reason";
  const file = [...workspace.sources].find(([path]) => message.includes(path))?.[1] ?? null;
  const said = { code: "K1420", message: withoutFolders(message, workspace), hint: rejectedHint };
  const plain = participants.plainFiles.find(
    (candidate) => candidate.file !== null && candidate.file === file,
  );
  if (plain !== undefined) return { ...said, ...placeInPlainFile(plain, message) };
  return problemAtBest(participants.composeFiles, { file, finding: { ...said, path: namedPath(message) } });
}

/**
 * K1411 for variables that Compose found unset although the gate saw none. It only warns, so its words have to be read:
 * `time="…" level=warning msg="The \"X\" variable is not set. Defaulting to a blank string."`
 */
export function readUnsetVariables({ stderr, participants }: Said, reach: ComposeInput["reach"]): Problem[] {
  const names = new Set<string>();
  for (const [, name] of stderr.matchAll(/The \\?"([^"\\]+)\\?" variable is not set/g))
    if (name) names.add(name);
  return [...names].map((name) =>
    problemAtBest(participants.composeFiles, { file: null, finding: undeclared(name, { path: [], reach }) }),
  );
}

/** What is wrong at a path of the resolved model, in the file that holds most of the path. */
export function problemAtBest(
  participants: readonly Participant[],
  { file, finding }: { file: string | null; finding: Parameters<typeof problemAt>[1] },
): Problem {
  const candidates = participants.filter(({ document }) => file === null || document.file === file);
  const depths = (candidates.length > 0 ? candidates : participants).map(({ document }) => ({
    document,
    depth: nearestNode(document.root, finding.path).depth,
  }));
  const best = depths.reduce((a, b) => (b.depth > a.depth ? b : a));
  return problemAt(best.document, finding);
}

function placeInPlainFile({ file, bytes }: PlainFile, message: string) {
  const line = Number(/\bline (\d+)/.exec(message)?.[1] ?? 1);
  const sourceLine = decodeText(bytes).split("\n")[line - 1] ?? "";
  return { file: file ?? "", line, column: 1, path: "", sourceLine };
}

function isLogLine(line: string): boolean {
  return /^time="[^"]*" level=/.test(line);
}

/** `services.web.ports.0`, `'services[web].mem_limit'` or `service "web"`: the ways in which Compose names a key. */
function namedPath(message: string): string[] {
  const dotted = /\b(?:services|networks|volumes|secrets|configs|include)(?:\.[\w-]+|\[[\w.-]+\])+/.exec(
    message,
  )?.[0];
  if (dotted !== undefined) return dotted.split(/[.[\]]+/).filter((key) => key !== "");
  const service = /\bservice "([\w.-]+)"/.exec(message)?.[1];
  return service === undefined ? [] : ["services", service];
}

function withoutFolders(message: string, workspace: Workspace): string {
  let text = message;
  // Longest first, so that a path is not cut by another that it begins with.
  const sources = [...workspace.sources].sort(([a], [b]) => b.length - a.length);
  for (const [path, file] of sources) text = text.replaceAll(path, file);
  return text
    .replaceAll(`${workspace.repository}/`, "")
    .replaceAll(workspace.repository, ".")
    .replaceAll(workspace.root, "");
}
