import {
  keyPath,
  Package,
  problemAt,
  type Finding,
  type Located,
  type PackageFolder,
  type Problem,
  quote,
} from "@keelson/model";

import { readDocument } from "./document-check.ts";
import { fileFinding } from "./named-file.ts";
import { placeFiles } from "./placed-file.ts";
import type { FolderFiles } from "./tree.ts";
import { rangeFinding } from "./version-range.ts";

/** Where the package goes, what its Compose file may name, and what others ask it for. */
export const vitalOfPackage =
  /^(?:(?:provides|requires|optional|variables)(?:\..*)?|role|compose|files|files\[\d+\](?:\.(?:from|template|to))?)$/;

/** Reads one package of a release; null when package.yaml cannot be used. */
export function readPackageFolder(folder: { path: string; files: FolderFiles }): {
  packageFolder: PackageFolder | null;
  problems: Problem[];
} {
  const file = folder.files.get("package.yaml");
  // The release that lists the package gives the problem of the missing file.
  if (file === undefined) return { packageFolder: null, problems: [] };
  const { value: document, problems } = readDocument(file, Package, {
    known: { name: folder.path.slice(folder.path.lastIndexOf("/") + 1), version: "0.0.0" },
    vital: vitalOfPackage,
  });
  if (document === null) return { packageFolder: null, problems };
  const placing = placeFiles(document, { files: folder.files, apart: [document.value.compose] });
  const findings = [
    ...nameFindings(document, folder.path),
    ...rangeFindings(document.value),
    ...composeFindings(document.value, folder.files),
    ...placing.findings,
  ];
  return {
    packageFolder: { folder: folder.path, package: document, files: folder.files, placed: placing.placed },
    problems: [...problems, ...findings.map((finding) => problemAt(document, finding))],
  };
}

export function nameFindings(document: Located<Package>, path: string): Finding[] {
  const expected = path.slice(path.lastIndexOf("/") + 1);
  if (document.value.name === expected) return [];
  const message = `the package is called ${quote(document.value.name)}, its folder ${quote(expected)}`;
  return [{ code: "K1009", path: "name", message, hint: "give both the same name", part: "value" }];
}

export function rangeFindings({ requires, optional, data }: Package): Finding[] {
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

export function composeFindings(value: Package, files: FolderFiles): Finding[] {
  return fileFinding({ path: "compose", name: value.compose, files });
}
