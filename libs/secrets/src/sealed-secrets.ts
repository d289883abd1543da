import { type Problem, type SealedFile, keyPath, problemOf } from "@keelson/model";

import type { AgeIdentity } from "./age-key.ts";
import { type OpenedValue, type SealFault, openSealedFile } from "./sops-file.ts";

/** The values of an environment's sealed files by `<release>.<secret>`, and the problems of those that cannot be opened. */
export async function openSealedSecrets(
  files: readonly SealedFile[],
  identity: AgeIdentity | null,
): Promise<{ values: Map<string, string>; problems: Problem[] }> {
  const values = new Map<string, string>();
  const problems: Problem[] = [];
  for (const file of files) {
    const result =
      identity === null ? { fault: { kind: "recipient" as const } } : await openSealedFile(file, identity);
    if ("fault" in result) problems.push(problemIn(file, { fault: result.fault, identity }));
    else for (const [name, text] of result.opened.values.flatMap(secretOf)) values.set(name, text);
  }
  return { values, problems };
}

/** What is in another form or in clear has a problem of its own, and gives no value. */
function secretOf({ path, text, wasSealed }: OpenedValue): [string, string][] {
  return wasSealed && path.length === 2 ? [[path.join("."), text]] : [];
}

function problemIn(
  { path }: SealedFile,
  { fault, identity }: { fault: SealFault; identity: AgeIdentity | null },
): Problem {
  if (fault.kind === "recipient") return notForThisNode(path, identity);
  const hint = "Take it back with Git. What was meant to change is changed with keelson secrets or sops.";
  if (fault.kind === "checksum") {
    const message =
      "the file is not as it was encrypted: a value was added, taken away, moved or put in clear";
    return problemOf(path, { code: "K1343", message, hint });
  }
  const { path: keys, line } = fault.value;
  const message = `the value of ${keys.join(".")} was changed, or belongs to another key or file`;
  return { ...problemOf(path, { code: "K1343", message, hint }), line, path: keyPath(keys) };
}

function notForThisNode(path: string, identity: AgeIdentity | null): Problem {
  const hint =
    "Put what keelson-agent identity prints into the node's file as keys.age, and run keelson secrets rotate where a key is that opens the file.";
  const message =
    identity === null
      ? "this node has no age key yet, so that nothing can be encrypted to it"
      : `this node cannot open the file: it is not encrypted to ${identity.recipient}`;
  return problemOf(path, { code: "K1342", message, hint });
}
