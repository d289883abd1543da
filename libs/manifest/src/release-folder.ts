import {
  namePattern,
  problemAt,
  problemOf,
  Release,
  versionPattern,
  type Finding,
  type PackageFolder,
  type Problem,
  type ReleaseFolder,
  type SourceFile,
  hintFor,
  suggestName,
  quote,
} from "@keelson/model";

import { readDocument } from "./document-check.ts";
import { readPackageFolder } from "./package-folder.ts";
import { readImageLock } from "./image-lock.ts";
import { readSettingsSchema } from "./settings-schema.ts";
import { strayInRelease } from "./stray-file.ts";
import type { FolderFiles } from "./tree.ts";
import { rangeFinding } from "./version-range.ts";

/** What templates and settings are made from. */
const vitalOfRelease = /^(?:settings|secrets(?:\..*)?)$/;

/** Reads `releases/<name>/<version>`; null when release.yaml cannot be used, with the packages all the same. */
export function readReleaseFolder(folder: { path: string; files: FolderFiles }): {
  releaseFolder: ReleaseFolder | null;
  packages: ReadonlyMap<string, PackageFolder>;
  problems: Problem[];
} {
  const { packages, problems: packageProblems } = readPackages(folder);
  const [, name = "", version = ""] = folder.path.split("/");
  const problems = [...folderNameProblems(folder.path), ...packageProblems];
  const file = folder.files.get("release.yaml");
  if (file === undefined) {
    const problem = {
      code: "K1004",
      message: "the release has no release.yaml",
      hint: "write one, or remove the folder",
    };
    problems.push(problemOf(`${folder.path}/release.yaml`, problem), ...strayInRelease(folder, undefined));
    return { releaseFolder: null, packages, problems };
  }
  const { value: document, problems: documentProblems } = readDocument(file, Release, {
    known: { name, version },
    vital: vitalOfRelease,
  });
  problems.push(...documentProblems);
  if (document === null) return { releaseFolder: null, packages, problems };
  const findings = [
    ...identityFindings(document.value, folder.path),
    ...(document.value.agent === undefined ? [] : rangeFinding("agent", document.value.agent)),
    ...packageFindings(document.value, folder.files),
  ];
  const settings = readSettingsSchema(document, folder.files);
  const { imageLock, problems: lockProblems } = readImageLock(folder.files);
  problems.push(...findings.map((finding) => problemAt(document, finding)), ...settings.problems);
  problems.push(...lockProblems);
  problems.push(...strayInRelease(folder, document.value.settings));
  return {
    releaseFolder: {
      folder: folder.path,
      release: document,
      settingsSchema: settings.schema,
      imageLock,
      packages,
    },
    packages,
    problems,
  };
}

function readPackages(folder: { path: string; files: FolderFiles }) {
  const packages = new Map<string, PackageFolder>();
  const problems: Problem[] = [];
  for (const [name, files] of packageFiles(folder.files)) {
    const read = readPackageFolder({ path: `${folder.path}/packages/${name}`, files });
    problems.push(...read.problems);
    if (read.packageFolder !== null) packages.set(name, read.packageFolder);
  }
  return { packages, problems };
}

/** The folders under `packages/`, each with its files. */
function packageFiles(files: FolderFiles): Map<string, Map<string, SourceFile>> {
  const packages = new Map<string, Map<string, SourceFile>>();
  for (const [path, file] of files) {
    const [, name, inside] = /^packages\/([^/]+)\/(.+)$/s.exec(path) ?? [];
    if (name === undefined || inside === undefined) continue;
    packages.set(name, (packages.get(name) ?? new Map<string, SourceFile>()).set(inside, file));
  }
  return packages;
}

function folderNameProblems(path: string): Problem[] {
  const [, name = "", version = ""] = path.split("/");
  const problems: Problem[] = [];
  if (!namePattern.test(name)) {
    const hint = suggestName(name) ?? "use a-z, 0-9 and -";
    problems.push(
      problemOf(path, { code: "K1007", message: `${quote(name)} is not a valid name for a release`, hint }),
    );
  }
  if (!versionPattern.test(version)) {
    const hint = "name the folder after the release's version, such as 1.9.2";
    problems.push(
      problemOf(path, { code: "K1007", message: `${quote(version)} is not a semantic version`, hint }),
    );
  }
  return problems;
}

function identityFindings(value: Release, path: string): Finding[] {
  const [, name = "", version = ""] = path.split("/");
  const findings: Finding[] = [];
  for (const [key, folder] of Object.entries({ name, version })) {
    const written = key === "name" ? value.name : value.version;
    if (written === folder) continue;
    const message = `the ${key} is ${quote(written)}, the folder says ${quote(folder)}`;
    findings.push({ code: "K1009", path: key, message, hint: "give both the same", part: "value" });
  }
  return findings;
}

/** Every listed package has a folder, and every folder is listed once. */
function packageFindings(value: Release, files: FolderFiles): Finding[] {
  const folders = [...packageFiles(files).keys()];
  const findings: Finding[] = [];
  for (const [index, name] of value.packages.entries()) {
    const path = `packages[${index}]`;
    if (value.packages.indexOf(name) < index) {
      findings.push({
        code: "K1005",
        path,
        message: `${quote(name)} is listed twice`,
        hint: "keep one of them",
      });
    } else if (!files.has(`packages/${name}/package.yaml`)) {
      const message = `there is no packages/${name}/package.yaml`;
      findings.push({
        code: "K1004",
        path,
        message,
        hint: hintFor(name, { known: folders, as: "packages here" }),
      });
    }
  }
  for (const name of folders.filter((folder) => !value.packages.includes(folder))) {
    const message = `the folder packages/${name} is not listed`;
    findings.push({
      code: "K1010",
      path: "packages",
      message,
      hint: `add ${quote(name)}, or remove the folder`,
    });
  }
  return findings;
}
