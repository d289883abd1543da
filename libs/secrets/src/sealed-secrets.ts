import { type Problem, type SealedFile, keyPath, problemOf, secretNamesOf } from "@keelson/model";

import type { AgeIdentity } from "./age-key.ts";
import { type SealFault, openSealedFile } from "./sops-file.ts";
import { readVariables } from "./opened-variables.ts";

/**
 * The values of encrypted files by the names of secrets, and the problems of those that cannot be opened. A later file wins. What one that
 * is not opened would give has no value: that of an earlier file is not meant.
 */
export async function openSealedSecrets(
  files: readonly SealedFile[],
  identity: AgeIdentity | null,
): Promise<{ values: Map<string, string>; problems: Problem[] }> {
  const values = new Map<string, string>();
  const problems: Problem[] = [];
  for (const file of files) {
    const { given, ...said } = await openOne(file, identity);
    problems.push(...said.problems.map((problem) => concerning(problem, file)));
    for (const name of file.values.flatMap(({ path }) => secretNamesOf(file, path))) values.delete(name);
    for (const [name, text] of given) values.set(name, text);
  }
  return { values, problems };
}

type Given = readonly (readonly [string, string])[];

async function openOne(
  file: SealedFile,
  identity: AgeIdentity | null,
): Promise<{ given: Given; problems: Problem[] }> {
  const result =
    identity === null ? { fault: { kind: "recipient" as const } } : await openSealedFile(file, identity);
  if ("fault" in result) return { given: [], problems: [problemIn(file, { fault: result.fault, identity })] };
  const { values } = result.opened;
  if (file.format === "dotenv") return readVariables(file, values);
  // What is in clear has a problem of its own, and gives no value.
  const given = values.flatMap(({ path, text, wasSealed }) =>
    wasSealed ? secretNamesOf(file, path).map((name) => [name, text] as const) : [],
  );
  return { given, problems: [] };
}

function concerning(problem: Problem, { instances }: SealedFile): Problem {
  return instances === null ? problem : { ...problem, instances };
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
    "Put what keelson-agent identity prints into the node's file as keys.age. Then encrypt the file to it where a key is that opens it: keelson secrets rotate, or sops rotate --add-age for a file of variables.";
  const message =
    identity === null
      ? "this node has no age key yet, so that nothing can be encrypted to it"
      : `this node cannot open the file: it is not encrypted to ${identity.recipient}`;
  return problemOf(path, { code: "K1342", message, hint });
}
