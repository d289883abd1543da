import {
  KeelsonError,
  compareText,
  hintFor,
  isLocalReference,
  quote,
  secretNamePattern,
  stalled,
} from "@keelson/model";

import { type SealedState, type SecretsOwner, instancesOf } from "./sealed-state.ts";

/** Secrets that the environment's releases name, as `<release>.<secret>`, sorted. */
export function declaredSecrets({
  environment,
  repository,
}: Pick<SealedState, "environment" | "repository">): string[] {
  const used = Object.keys(environment.environment.value.releases);
  const names = [...repository.releases.values()]
    .map(({ release }) => release.value)
    .filter(({ name }) => used.includes(name))
    .flatMap(({ name, secrets }) => Object.keys(secrets).map((secret) => `${name}.${secret}`));
  return [...new Set(names)].sort(compareText);
}

/** Instances of local packages, without those that have the name of a release: its secrets are its own. */
export function localInstances({ environment }: Pick<SealedState, "environment">): string[] {
  const { instances, releases } = environment.environment.value;
  return Object.entries(instances)
    .filter(([name, instance]) => isLocalReference(instance.package) && !Object.hasOwn(releases, name))
    .map(([name]) => name);
}

/**
 * Where the value of a secret stands in the file of its owner: `<release>.<secret>` or `<instance>.<secret>` in that of the
 * environment, else the secret alone. Throws K9088 for a name that nothing of the environment can have.
 */
export function pathOfSecret(
  state: SealedState,
  { owner, name }: { owner: SecretsOwner; name: string },
): string[] {
  const known = declaredSecrets(state);
  const path = name.split(".");
  const [secret = "", ...rest] = owner === null ? path.slice(1) : path;
  const isName = secretNamePattern.test(secret) && rest.length === 0;
  if (owner === null && (known.includes(name) || (isName && localInstances(state).includes(path[0] ?? ""))))
    return path;
  if (owner !== null && isName && isDeclared(state, { owner, secret, known })) return path;
  throw unknownName(name, { owner, known });
}

/** Any name, but for an instance of a release, which names its secrets. */
function isDeclared(
  { environment }: SealedState,
  { owner, secret, known }: { owner: SecretsOwner; secret: string; known: readonly string[] },
): boolean {
  if (owner === null || "folder" in owner) return true;
  const reference = environment.environment.value.instances[owner.instance]?.package ?? "";
  return isLocalReference(reference) || known.includes(`${reference.split("/")[0]}.${secret}`);
}

/** Throws K9088 for an instance or a folder that the environment does not have. */
export function requireOwner(state: SealedState, owner: SecretsOwner): void {
  if (owner === null) return;
  const { instances, releases } = state.environment.environment.value;
  const isKnown =
    "folder" in owner
      ? instancesOf(state.environment, `./${owner.folder}`).length > 0
      : Object.hasOwn(instances, owner.instance) && !Object.hasOwn(releases, owner.instance);
  if (isKnown) return;
  const known =
    "folder" in owner
      ? Object.values(instances).flatMap(({ package: reference }) =>
          isLocalReference(reference) ? [reference.slice("./".length)] : [],
        )
      : Object.keys(instances).filter((name) => !Object.hasOwn(releases, name));
  const what = "folder" in owner ? owner.folder : owner.instance;
  throw new KeelsonError({
    code: "K9088",
    message: `no ${"folder" in owner ? "folder of a package" : "instance"} ${quote(what)} of the environment can have secrets of its own`,
    hint: hintFor(what, { known, as: "those that can" }) ?? "Add it to environment.yaml first.",
    outcome: stalled,
  });
}

function unknownName(
  name: string,
  { owner, known }: { owner: SecretsOwner; known: readonly string[] },
): KeelsonError {
  return new KeelsonError({
    code: "K9088",
    message:
      owner === null
        ? `no release or instance of the environment can have a secret ${quote(name)}`
        : `${quote(name)} is no name of a secret there`,
    hint:
      owner === null
        ? (hintFor(name, { known, as: "secrets" }) ??
          "Name it under secrets in release.yaml first. Of a local package it is <instance>.<letters and digits>.")
        : "Use letters, digits and underscores. A release names its secrets in release.yaml.",
    outcome: stalled,
  });
}
