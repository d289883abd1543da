import {
  LocalPackageDocument,
  type LocalManifest,
  type LocalPackage,
  type Located,
  type Package,
  type Problem,
  type SourceFile,
  type SourceFiles,
  compareText,
  decodeText,
  digestBytes,
  digestValue,
  gitsOwn,
  imageLockFile,
  problemAt,
  problemOf,
  quote,
  sealedSecretsFile,
} from "@keelson/model";

import { findComposeFiles } from "./compose-choice.ts";
import { findValueless, folderOf, joinPath } from "./compose-reach.ts";
import { readDocument } from "./document-check.ts";
import { type Dotenv, readDotenv } from "./dotenv.ts";
import type { Variables } from "./known-setting.ts";
import { readImageLock } from "./image-lock.ts";
import { findOutside, findSealedVariables } from "./local-reach.ts";
import { composeFindings, nameFindings, rangeFindings, vitalOfPackage } from "./package-folder.ts";
import { placeFiles } from "./placed-file.ts";
import { readSettingsSchema } from "./settings-schema.ts";
import { readSealedSecrets } from "./sealed-secrets.ts";
import { readSealedVariables } from "./sealed-variables.ts";
import type { FolderFiles } from "./tree.ts";

/** package.yaml of a local package, before its folder names it. */
type Unnamed = Omit<LocalManifest, "version" | "name" | "compose">;

interface LocalFolder {
  /** Path in the repository. */
  folder: string;
  inside: FolderFiles;
  /** Every file of the repository that was read for local packages, links followed. */
  files: SourceFiles;
  /** Variables that settings give its instances. */
  settings: readonly Variables[];
}

/** Reads the local package in a folder; null where it has no Compose file, or its package.yaml cannot be used. */
export function readLocalPackage(of: LocalFolder): {
  localPackage: LocalPackage | null;
  problems: Problem[];
  warnings: Problem[];
} {
  const { folder, inside } = of;
  const plain = filesAt(findOutside(folder, { ...of, settings: [] }), of.files);
  const reached = of.settings.length === 0 ? plain : filesAt(findOutside(folder, of), of.files);
  const sealed = readSealed(of, reached);
  const committed = inside.get(".env");
  const { bytes } = sealed.variables.get(`${folder}/.env`) ?? {};
  const env = committed === undefined || bytes === undefined ? committed : { ...committed, bytes };
  const { dotenv, ...said } =
    env === undefined || env.refused === true
      ? { dotenv: null, problems: [], warnings: [] }
      : readDotenv(env);
  const read = readManifest(of);
  const problems = [...said.problems, ...sealed.problems, ...read.problems];
  const { warnings } = said;
  const composeFiles = findComposeFiles(inside);
  if (read.document === null || composeFiles.length === 0) return { localPackage: null, problems, warnings };
  const missing = dotenv === null || read.isComposeSaid ? [] : missingComposeFiles(of, dotenv);
  const document = withIdentity(read.document, { folder, composeFiles });
  const placing = placeFiles(document, {
    files: inside,
    apart: [...composeFiles, ".env", sealedSecretsFile, imageLockFile],
  });
  const findings = [
    ...nameFindings(document, folder),
    ...rangeFindings(document.value),
    ...(read.isComposeSaid ? composeFindings(document.value, inside) : []),
    ...placing.findings,
  ];
  const settings = readSettingsSchema(read.document, inside);
  const { imageLock, problems: lockProblems } = readImageLock(inside);
  problems.push(
    ...lockProblems,
    ...missing,
    ...findings.map((finding) => problemAt(document, finding)),
    ...settings.problems,
  );
  // What only a setting of one instance reaches is no part of it: the package is the same for all.
  const version = versionOf(inside, plain);
  const localPackage: LocalPackage = {
    folder,
    package: { ...document, value: { ...document.value, version } },
    files: inside,
    placed: placing.placed,
    reached,
    composeFiles,
    dotenv: dotenv?.file ?? null,
    profiles: dotenv?.profiles ?? [],
    settingsSchema: settings.schema,
    variables: new Set([
      ...(dotenv?.names ?? []),
      ...Object.keys(document.value.variables),
      ...mentionsOf(of, composeFiles),
    ]),
    sealed: sealed.files,
    sealedVariables: sealed.variables,
    imageLock,
    version,
  };
  return { localPackage, problems, warnings };
}

/** What is encrypted of the package. */
function readSealed(
  { folder, inside, files, settings }: LocalFolder,
  reached: ReadonlyMap<string, SourceFile>,
) {
  const secrets = readSealedSecrets(inside.get(sealedSecretsFile), { isOfEnvironment: false });
  const { read, problems } = readSealedVariables(
    findSealedVariables(folder, { inside, reached, files, settings }),
  );
  return {
    files: [...secrets.value, ...[...read.values()].map(({ sealed }) => sealed)],
    variables: new Map([...read].map(([path, { variables }]) => [path, variables])),
    problems: [...secrets.problems, ...problems],
  };
}

/** What package.yaml says; where there is none, what an empty one would say. */
function readManifest({ folder, inside }: LocalFolder): {
  document: Located<Unnamed> | null;
  isComposeSaid: boolean;
  problems: Problem[];
} {
  const file = inside.get("package.yaml");
  if (file === undefined) {
    const document = {
      file: `${folder}/package.yaml`,
      value: LocalPackageDocument.parse({}),
      positionOf: () => ({ line: 1, column: 1 }),
      lineText: () => "",
    };
    return { document, isComposeSaid: false, problems: [] };
  }
  const { value, problems } = readDocument(file, LocalPackageDocument, { vital: vitalOfPackage });
  return { document: value, isComposeSaid: value?.value.compose !== undefined, problems };
}

function withIdentity(
  document: Located<Unnamed & Partial<Package>>,
  { folder, composeFiles }: { folder: string; composeFiles: readonly string[] },
): Located<Package> {
  const { name = nameOf(folder), settings: _, ...rest } = document.value;
  const [compose = ""] = composeFiles;
  return { ...document, value: { ...rest, name, compose, version: "" } };
}

function nameOf(folder: string): string {
  return folder.slice(folder.lastIndexOf("/") + 1);
}

/** K1127: what `COMPOSE_FILE` names is there, in the repository, and no variable stands for it. */
function missingComposeFiles({ folder, files }: LocalFolder, { file, composeFiles }: Dotenv): Problem[] {
  return (composeFiles?.paths ?? []).flatMap((written) => {
    const path = /^[/~]|[$\\]/.test(written) ? null : joinPath(folder, written);
    if (path !== null && files.has(path)) return [];
    const line = composeFiles?.line ?? 1;
    const message =
      path === null
        ? `COMPOSE_FILE names ${quote(written)}, which is no path of the repository that can be told`
        : `COMPOSE_FILE names ${quote(written)}, and the repository has no file ${path}`;
    const hint = "Name files of the repository by their path from this folder, without variables.";
    const sourceLine = decodeText(file.bytes).split("\n")[line - 1] ?? "";
    return [
      { ...problemOf(file.path, { code: "K1127", message, hint }), line, path: "COMPOSE_FILE", sourceLine },
    ];
  });
}

/** The files at these paths, and those below the folders among them. */
function filesAt(paths: readonly string[], files: SourceFiles): Map<string, SourceFile> {
  if (paths.length === 0) return new Map();
  const wanted = new Set(paths);
  const isWanted = (path: string) => {
    for (let at = path; at !== ""; at = folderOf(at)) if (wanted.has(at)) return true;
    return false;
  };
  return new Map([...files].filter(([path]) => isWanted(path)).sort(([a], [b]) => compareText(a, b)));
}

/**
 * Names that stand behind a dollar sign: more than Compose would fill in, since a comment counts too. Where there are settings, also keys of an
 * `environment` without a value, which Compose fills in as well: to find them takes time.
 */
function mentionsOf(
  { folder, inside, files, settings }: LocalFolder,
  composeFiles: readonly string[],
): string[] {
  const named = composeFiles.flatMap((path) => files.get(joinPath(folder, path) ?? "") ?? []);
  const yaml = [...inside].flatMap(([path, file]) => (isComposeSized(path, file) ? [file] : []));
  return [...new Set([...named, ...yaml])].flatMap((file) => [
    ...[...decodeText(file.bytes).matchAll(/\$\{?([A-Za-z_]\w*)/g)].map(([, name = ""]) => name),
    ...(settings.length === 0 ? [] : findValueless(file)),
  ]);
}

/** What the gate would let be a Compose file. */
function isComposeSized(path: string, { bytes }: SourceFile): boolean {
  return /\.ya?ml$/i.test(path) && bytes.length <= 128 * 1024;
}

/** Digest of all that the package reads: its folder, but what only Git reads there, and what it names outside of it. */
function versionOf(inside: FolderFiles, reached: ReadonlyMap<string, SourceFile>): string {
  const contentOf = ([path, { mode, bytes }]: [string, SourceFile]) => [path, mode, digestBytes(bytes)];
  const own = [...inside].filter(([path]) => !gitsOwn.test(path)).sort(([a], [b]) => compareText(a, b));
  return digestValue({ own: own.map(contentOf), reached: [...reached].map(contentOf) });
}
