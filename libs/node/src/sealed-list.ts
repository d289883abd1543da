import { compareText, isSealed, secretNamesOf } from "@keelson/model";

import {
  type SealedState,
  type SecretsOwner,
  ownerOfFile,
  pathOfSecrets,
  readSealedState,
  readersOf,
} from "./sealed-state.ts";
import { declaredSecrets, localInstances, requireOwner } from "./secret-name.ts";

/** A secret that an environment has or needs. */
export interface ListedSecret {
  name: string;
  /** Where its value comes from; null where Git has none. */
  file: string | null;
  /** The files whose value gives way to that, the weakest first. */
  over: string[];
  /** Whether something can name it. */
  isUsed: boolean;
}

/** An encrypted file, and who can open it. */
export interface ListedFile {
  file: string;
  nodes: { node: string; key: string | null; canOpen: boolean }[];
  /** Recipients that are no node. */
  others: string[];
}

/** The secrets of an environment, or of one owner alone, without a value. Throws K1110 and K9088. */
export async function listSecrets(place: {
  repository: string;
  environment: string;
  owner: SecretsOwner;
}): Promise<{ secrets: ListedSecret[]; files: ListedFile[] }> {
  const { owner } = place;
  const state = await readSealedState(place.repository, place.environment);
  requireOwner(state, owner);
  state.require(pathOfSecrets(state, owner));
  const files = state.files.filter(
    ({ sealed }) => owner === null || sealed.path === pathOfSecrets(state, owner),
  );
  const sources = new Map<string, string[]>(
    owner === null ? declaredSecrets(state).map((name) => [name, []]) : [],
  );
  for (const { sealed } of files) {
    for (const name of sealed.values
      .filter(({ text }) => isSealed(text))
      .flatMap(({ path }) => secretNamesOf(sealed, path)))
      sources.set(name, [...(sources.get(name) ?? []), sealed.path]);
  }
  const secrets = [...sources].map(([name, found]) => ({
    name,
    file: found.at(-1) ?? null,
    over: found.slice(0, -1),
    isUsed: isUsed(state, name),
  }));
  return {
    secrets: secrets.toSorted((a, b) => compareText(a.name, b.name)),
    files: files.map((file) => describeFile(state, file)),
  };
}

function isUsed(state: SealedState, name: string): boolean {
  return (
    name.includes(":") ||
    declaredSecrets(state).includes(name) ||
    localInstances(state).includes(name.split(".")[0] ?? "") ||
    state.environment.sealedInstances.has(name.split(".")[0] ?? "")
  );
}

function describeFile(state: SealedState, { sealed }: SealedState["files"][number]): ListedFile {
  const recipients = sealed.keys.map(({ recipient }) => recipient);
  const nodes = [...readersOf(state, ownerOfFile(state, sealed))].map(([node, key]) => ({
    node,
    key,
    canOpen: key !== null && recipients.includes(key),
  }));
  const others = recipients.filter((recipient) => nodes.every(({ key }) => key !== recipient));
  return { file: sealed.path, nodes, others };
}
