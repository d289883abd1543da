export interface ReleaseName {
  name: string;
  version: string;
}

/** What may stand at the beginning of a line, so that no other line than `name: …` can be the key `name`. */
const lineForms = [
  /^[ \t]*$/,
  /^#/,
  /^---[ \t]*$/,
  /^ /,
  /^-(?: |$)/,
  /^[\]}][ \t]*(?:#|$)/,
  /^[A-Za-z][A-Za-z0-9-]*:(?:[ \t]|$)/,
];
const nothing = /^(?:[ \t]*(?:#.*)?|---[ \t]*)$/s;
const value = /^:[ \t]+(["']?)([0-9A-Za-z.+-]+)\1[ \t]*(?:[ \t]#.*)?$/s;

/**
 * The name and the version in a release.yaml, read without a library for YAML. Who reads it with one finds the same two, or
 * a problem. Throws for what is not written as everybody writes it: both at the beginning of a line, on one line each.
 */
export function readReleaseName(bytes: Uint8Array): ReleaseName {
  const lines = new TextDecoder("utf-8", { fatal: true })
    .decode(bytes)
    .split("\n")
    .map((line) => line.replace(/\r$/, ""));
  const strange = lines.findIndex(
    (line) => line.includes("\r") || !lineForms.some((form) => form.test(line)),
  );
  if (strange >= 0) throw new Error(`line ${strange + 1} begins in a way that a build does not read`);
  const first = lines.find((line) => !nothing.test(line)) ?? "";
  if (!/^[A-Za-z]/.test(first)) throw new Error("the first key does not stand at the beginning of a line");
  return { name: readValue(lines, "name"), version: readValue(lines, "version") };
}

function readValue(lines: readonly string[], key: string): string {
  const [at, ...others] = lines.flatMap((line, index) => (line.startsWith(`${key}:`) ? [index] : []));
  if (at === undefined || others.length > 0) {
    throw new Error(`${others.length + (at === undefined ? 0 : 1)} lines begin with \`${key}:\`, not one`);
  }
  const found = value.exec(lines[at]?.slice(key.length) ?? "")?.[2];
  const next = lines.slice(at + 1).find((line) => !nothing.test(line)) ?? "";
  // An indented line would go on with the value.
  if (found === undefined || next.startsWith(" ")) {
    throw new Error(`line ${at + 1} is not \`${key}: \` and a text without blanks`);
  }
  return found;
}
