import {
  keyPath,
  Package,
  problemAt,
  type Finding,
  type Located,
  type PackageFile,
  type PackageFolder,
  type Problem,
  quote,
} from "@keelson/model";

import { readDocument } from "./document-check.ts";
import { fileFinding } from "./named-file.ts";
import { foldPath, foldersOf, pathFault } from "./path-rule.ts";
import type { FolderFiles } from "./tree.ts";
import { rangeFinding } from "./version-range.ts";

/** Reads one package of a release; null when package.yaml cannot be used. */
export function readPackageFolder(folder: { path: string; files: FolderFiles }): {
  packageFolder: PackageFolder | null;
  problems: Problem[];
} {
  const file = folder.files.get("package.yaml");
  // The release that lists the package gives the problem of the missing file.
  if (file === undefined) return { packageFolder: null, problems: [] };
  const { value: document, problems } = readDocument(file, Package);
  if (document === null) return { packageFolder: null, problems };
  const findings = [
    ...nameFindings(document, folder.path),
    ...rangeFindings(document.value),
    ...namedFileFindings(document.value, folder.files),
    ...targetFindings(document.value.files),
  ];
  return {
    packageFolder: { folder: folder.path, package: document, files: folder.files },
    problems: findings.map((finding) => problemAt(document, finding)),
  };
}

function nameFindings(document: Located<Package>, path: string): Finding[] {
  const expected = path.slice(path.lastIndexOf("/") + 1);
  if (document.value.name === expected) return [];
  const message = `the package is called ${quote(document.value.name)}, its folder ${quote(expected)}`;
  return [{ code: "K1009", path: "name", message, hint: "give both the same name", part: "value" }];
}

function rangeFindings({ requires, optional, data }: Package): Finding[] {
  const reads = Object.entries(data).map(([name, volume]) => ({
    path: ["data", name, "reads"],
    range: volume.reads,
  }));
  const interfaces = Object.entries({ requires, optional }).flatMap(([key, ranges]) =>
    Object.entries(ranges).map(([name, range]) => ({ path: [key, name], range })),
  );
  return [...interfaces, ...reads].flatMap(({ path, range }) =>
    range === undefined ? [] : rangeFinding(keyPath(path), range),
  );
}

/** Compose file and templates: inside the package, and there. */
function namedFileFindings(value: Package, files: FolderFiles): Finding[] {
  const named = [
    { path: "compose", name: value.compose },
    ...value.files.map(({ template }, index) => ({ path: `files[${index}].template`, name: template })),
  ];
  return named.flatMap(({ path, name }) => fileFinding({ path, name, files }));
}

/** `to` of each file: inside the folder, and no two that are the same on some disks. */
function targetFindings(files: readonly PackageFile[]): Finding[] {
  const findings: Finding[] = [];
  const targets = new Map<string, string>();
  const folders = new Map<string, string>();
  for (const [index, { to }] of files.entries()) {
    const refuse = (message: string, hint?: string) =>
      findings.push({ code: "K1011", path: `files[${index}].to`, message, hint, part: "value" });
    const fault = pathFault(to);
    const same = targets.get(foldPath(to));
    const above = foldersOf(to).find((folder) => targets.has(foldPath(folder)));
    const below = folders.get(foldPath(to));
    if (fault !== null) refuse(`${quote(to)} ${fault}`);
    else if (same === to) refuse(`${quote(to)} is placed twice`, "keep one of them");
    else if (same !== undefined) refuse(`${quote(to)} and ${quote(same)} are one name on some disks`);
    else if (above !== undefined) refuse(`${quote(to)} lies in ${quote(above)}, which is a file`);
    else if (below !== undefined) refuse(`${quote(to)} is also the folder of ${quote(below)}`);
    targets.set(foldPath(to), to);
    for (const folder of foldersOf(to)) folders.set(foldPath(folder), to);
  }
  return findings;
}
