import {
  type Problem,
  type Repository,
  type SealedFile,
  type SealedValue,
  type SourceFile,
  isSealed,
  keyPath,
  namePattern,
  problemAt,
  problemOf,
  secretNamePattern,
} from "@keelson/model";

import { readSealedFile } from "./sealed-file.ts";

/** Reads the secrets of an environment. K1344 for values that are not `<release>.<secret>`, not encrypted, or empty. */
export function readSealedSecrets(file: SourceFile | undefined): {
  value: SealedFile[];
  problems: Problem[];
} {
  if (file === undefined || file.refused === true) return { value: [], problems: [] };
  const { sealed, problems } = readSealedFile(file);
  if (sealed === null) return { value: [], problems };
  const odd = sealed.values.flatMap((value) =>
    oddities(value).map((said) => oddValue(sealed, { value, said })),
  );
  // The checksum counts these values, too.
  return { value: [sealed], problems: odd };
}

function oddities({ path, text }: SealedValue): string[] {
  const [release = "", secret = ""] = path;
  if (path.length !== 2 || !namePattern.test(release) || !secretNamePattern.test(secret))
    return ["is not in the form <release>: { <secret>: value }"];
  if (text === "") return ["is empty"];
  return isSealed(text) ? [] : ["is not encrypted: everybody who reads the repository knows it"];
}

function oddValue(file: SealedFile, { value, said }: { value: SealedValue; said: string }): Problem {
  const { path, line } = value;
  const code = "K1344";
  const hint =
    "Write it with keelson secrets set. A value that was in Git in clear is known, and has to be changed.";
  const message = `${path.join(".")} ${said}`;
  return { ...problemOf(file.path, { code, message, hint }), line, path: keyPath(path) };
}

/**
 * K1342 and K1345 for nodes that could not open their environment's secrets. Only for whoever checks the whole repository: one node
 * must not be stopped by what another one lacks.
 */
export function findRecipientFaults({ environments }: Pick<Repository, "environments">): Problem[] {
  return [...environments.values()].flatMap(({ sealed, nodes }) =>
    sealed.flatMap(({ path, keys }) =>
      [...nodes.values()].flatMap((document): Problem[] => {
        const { name, keys: own } = document.value;
        if (own?.age === undefined) {
          const message = `node ${name} has no age key here, so that ${path} cannot be encrypted to it`;
          const hint = "Write what keelson-agent identity prints on the node as keys: { age: age1… }.";
          return [problemAt(document, { code: "K1345", path: "", message, hint })];
        }
        if (keys.some(({ recipient }) => recipient === own.age)) return [];
        const message = `node ${name} cannot open ${path}: it is not encrypted to ${own.age}`;
        const hint = "Run keelson secrets rotate where a key is that opens the file.";
        return [problemAt(document, { code: "K1342", path: "keys.age", part: "value", message, hint })];
      }),
    ),
  );
}
