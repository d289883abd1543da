/** Of the name, with its registry (distribution/reference, `NameTotalLengthMax`). */
const longestName = 255;

const domainPattern =
  /^(?:\[[a-fA-F0-9:]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*)(?::[0-9]+)?$/;
const componentPattern = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
/** Those that engines know (opencontainers/go-digest), with their lengths. */
const digestPattern = /^(?:sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128})$/;

/**
 * Why a text is no image reference, in words that follow it; null when it is one. The grammar is that of
 * distribution/reference, `[registry/]repository[:tag][@digest]`, and the strict one where engines differ: a first part
 * without dot and port that is not `localhost` belongs to the repository, so that it has no upper case.
 */
export function findReferenceFault(text: string): string | null {
  const at = text.indexOf("@");
  const named = at === -1 ? text : text.slice(0, at);
  const colon = named.lastIndexOf(":");
  const hasTag = colon > named.lastIndexOf("/");
  const name = hasTag ? named.slice(0, colon) : named;
  if (name.length > longestName) return `has a name longer than ${longestName} characters`;
  if (/^[a-f0-9]{64}$/.test(text)) return "is the id of an image and not its name";
  if (at !== -1 && !digestPattern.test(text.slice(at + 1))) {
    return "has a digest that is not sha256: with 64 hex digits in lower case";
  }
  if (hasTag && !tagPattern.test(named.slice(colon + 1))) {
    return "has a tag that is not 1 to 128 letters, digits, dots, dashes and underscores, the first no dot or dash";
  }
  return nameFault(name);
}

/** The registry that a reference names, with its port; null where it names none, so that the engine's default is asked. */
export function registryOf(reference: string): string | null {
  const slash = reference.indexOf("/");
  const first = reference.slice(0, Math.max(slash, 0));
  return /[.:]/.test(first) || first === "localhost" ? first : null;
}

function nameFault(name: string): string | null {
  const registry = registryOf(name);
  if (registry !== null && !domainPattern.test(registry)) {
    return "has a registry that is no host name or address, with or without a port";
  }
  const parts = name.slice(registry === null ? 0 : registry.length + 1).split("/");
  return parts.every((part) => componentPattern.test(part))
    ? null
    : "has a repository that is not lower-case letters and digits, with single dots, underscores or dashes between them";
}
