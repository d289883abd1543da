import {
  type Changed,
  type JsonObject,
  type PackageDifference,
  type PackageFolder,
  type ReleaseDifference,
  type ReleaseFolder,
  type SourceFile,
  compareText,
  decodeText,
  digestBytes,
  imageLockFile,
  isJsonObject,
} from "@keelson/model";
import { parse } from "yaml";

/** A release with what its packages ask of the host, in words, by the package's name. */
export interface ComparedRelease {
  folder: ReleaseFolder;
  /** Every file of the release, by path in it. */
  files: ReadonlyMap<string, SourceFile>;
  asks: ReadonlyMap<string, readonly string[]>;
}

/** What two releases have differently, from documents that were read. Judges nothing. */
export function compareReleases(before: ComparedRelease, after: ComparedRelease): ReleaseDifference {
  const names = union(before.folder.packages.keys(), after.folder.packages.keys());
  return {
    packages: names.flatMap((name) => comparePackages(name, { before, after })),
    settings: compareSettings(settingsOf(before.folder), settingsOf(after.folder)),
    secrets: compareMaps(secretsOf(before.folder), secretsOf(after.folder)),
    lockedImages: compareMaps(lockedOf(before.folder), lockedOf(after.folder)),
    files: compareMaps(ownFiles(before), ownFiles(after)).filter(({ name }) => !saidOtherwise.has(name)),
  };
}

function comparePackages(
  name: string,
  { before, after }: { before: ComparedRelease; after: ComparedRelease },
): PackageDifference[] {
  const [old, next] = [before, after].map(({ folder }) => folder.packages.get(name));
  const of = (read: (folder: PackageFolder) => Map<string, string>) =>
    compareMaps(old === undefined ? new Map() : read(old), next === undefined ? new Map() : read(next));
  const asked = ({ asks }: ComparedRelease) => new Map((asks.get(name) ?? []).map((ask) => [ask, ask]));
  const difference = {
    version: of(({ package: { value } }) => new Map([["version", value.version]]))[0] ?? null,
    images: of(imagesOf),
    files: of(filesOf),
    interfaces: of(interfacesOf),
    data: of(formatsOf),
    grants: compareMaps(asked(before), asked(after)),
  };
  const { version, ...lists } = difference;
  if (version === null && Object.values(lists).every(({ length }) => length === 0)) return [];
  const how = old === undefined ? "added" : next === undefined ? "removed" : "changed";
  return [{ name, how, ...difference }];
}

/** As written: variables stand for themselves. A service without an image is built, or extends another one. */
function imagesOf({ files, package: { value } }: PackageFolder): Map<string, string> {
  const services = documentOf(files.get(value.compose))["services"];
  if (!isJsonObject(services)) return new Map();
  return new Map(
    Object.entries(services).flatMap(([name, service]) => {
      const image = isJsonObject(service) ? service["image"] : undefined;
      return typeof image === "string" ? [[name, image] as const] : [];
    }),
  );
}

function filesOf({ files }: PackageFolder): Map<string, string> {
  return new Map([...files].map(([path, file]) => [path, contentOf(file)]));
}

function interfacesOf({ package: { value } }: PackageFolder): Map<string, string> {
  const { provides, requires, optional } = value;
  return new Map(
    Object.entries({ provides, requires, optional }).flatMap(([kind, names]) =>
      Object.entries(names).map(([name, range]) => [`${kind} ${name}`, range] as const),
    ),
  );
}

function formatsOf({ package: { value } }: PackageFolder): Map<string, string> {
  return new Map(
    Object.entries(value.data).map(([volume, { format, reads }]) => [
      volume,
      [
        ...(format === undefined ? [] : [`format ${format}`]),
        ...(reads === undefined ? [] : [`reads ${reads}`]),
      ].join(", "),
    ]),
  );
}

function secretsOf({ release: { value } }: ReleaseFolder): Map<string, string> {
  return new Map(
    Object.entries(value.secrets).map(([name, { generate }]) => [
      name,
      generate === undefined ? "given by each install" : `generated, ${generate.bytes} bytes`,
    ]),
  );
}

/** By path: what is said of each setting, its type and its default first. */
function settingsOf({ settingsSchema }: ReleaseFolder): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const visit = (schema: JsonObject, path: string): void => {
    const { properties } = schema;
    if (isJsonObject(properties))
      for (const [name, part] of Object.entries(properties))
        if (isJsonObject(part)) visit(part, path === "" ? name : `${path}.${name}`);
    if (path !== "" && !isJsonObject(properties)) found.set(path, sayingsOf(schema));
  };
  if (settingsSchema !== null) visit(settingsSchema.value, "");
  return found;
}

/** Words that say nothing of a value. */
const wordsForPeople = new Set(["title", "description", "$comment", "examples"]);

function sayingsOf({ type, default: preset, ...rest }: JsonObject): string[] {
  const others = Object.entries(rest)
    .filter(([key]) => !wordsForPeople.has(key))
    .sort(([a], [b]) => compareText(a, b));
  return [
    ...(typeof type === "string" ? [type] : []),
    preset === undefined ? "no default" : `default ${JSON.stringify(preset)}`,
    ...others.map(([key, value]) => `${key} ${JSON.stringify(value)}`),
  ];
}

/** Of a setting that both have, only what is said otherwise. */
function compareSettings(
  before: ReadonlyMap<string, string[]>,
  after: ReadonlyMap<string, string[]>,
): Changed[] {
  return union(before.keys(), after.keys()).flatMap((name): Changed[] => {
    const [old, next] = [before.get(name) ?? [], after.get(name) ?? []];
    const isBoth = before.has(name) && after.has(name);
    const said = (of: string[], other: string[]) =>
      (isBoth ? of.filter((each) => !other.includes(each)) : of).join(", ");
    return compareMaps(
      before.has(name) ? new Map([[name, said(old, next)]]) : new Map(),
      after.has(name) ? new Map([[name, said(next, old)]]) : new Map(),
    );
  });
}

/** By reference, the digest that its tag is locked to. */
function lockedOf({ imageLock }: ReleaseFolder): Map<string, string> {
  const images = Object.entries(imageLock?.value.images ?? {});
  return new Map(images.map(([reference, { digest }]) => [reference, digest]));
}

/** Files of which the difference says what is in them. */
const saidOtherwise = new Set(["release.yaml", imageLockFile]);

function ownFiles({ files }: ComparedRelease): Map<string, string> {
  return new Map(
    [...files].flatMap(([path, file]) =>
      path.startsWith("packages/") ? [] : [[path, contentOf(file)] as const],
    ),
  );
}

function contentOf({ mode, bytes }: SourceFile): string {
  return `${mode} ${digestBytes(bytes)}`;
}

function documentOf(file: SourceFile | undefined): JsonObject {
  if (file === undefined) return {};
  const value: unknown = parse(decodeText(file.bytes), { logLevel: "silent" });
  return isJsonObject(value) ? value : {};
}

function compareMaps(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Changed[] {
  return union(before.keys(), after.keys()).flatMap((name): Changed[] => {
    const [old = null, next = null] = [before.get(name), after.get(name)];
    if (old === next) return [];
    return [
      { name, how: old === null ? "added" : next === null ? "removed" : "changed", before: old, after: next },
    ];
  });
}

function union(a: Iterable<string>, b: Iterable<string>): string[] {
  return [...new Set([...a, ...b])].sort(compareText);
}
