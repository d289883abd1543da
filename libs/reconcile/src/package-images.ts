import {
  type PackageFolder,
  type Problem,
  type Repository,
  type SaidPlace,
  type WrittenImage,
  compareText,
  findReferenceFault,
  imageLockFile,
  quote,
  sortProblems,
} from "@keelson/model";
import { unplacedInput } from "@keelson/render";

import type { LockOwner } from "./lock-owner.ts";
import type { DesiredPorts } from "./ports.ts";
import { type ResolvePorts, findPlacedImages } from "./placed-images.ts";
import { toldOnce } from "./told-once.ts";

export interface PackageImages {
  /** The images that are named by a tag, as the resolved services have them, with where each is named first. */
  references: ReadonlyMap<string, SaidPlace>;
  /** Why they are not all known. */
  problems: Problem[];
  /** What cannot be known here, and stops nothing. */
  warnings: Problem[];
}

export type ImagePorts = ResolvePorts & Pick<DesiredPorts, "listImages">;

/**
 * The images of a release or a local package. Those of a release are what its Compose files say by themselves, and what they become in
 * each environment of this repository that uses the release, whatever version is locked there. Those of a local package are what they
 * become where it is placed. Throws what Compose throws.
 */
export async function findPackageImages(
  { repository, problems }: { repository: Repository; problems: readonly Problem[] },
  { owner, ...ports }: ImagePorts & { owner: LockOwner },
): Promise<PackageImages> {
  const { folder } = owner.folder;
  // The lock itself is to be written anew.
  const own = problems.filter(
    ({ file }) => `${file}/`.startsWith(`${folder}/`) && file !== `${folder}/${imageLockFile}`,
  );
  if (own.length > 0) return { references: new Map(), problems: own, warnings: [] };
  const placed = await findPlacedImages(repository, { owner, ...ports });
  const references = new Map<string, SaidPlace>();
  // The first one that names an image counts.
  for (const { reference, place } of placed.images.toReversed()) references.set(reference, place);
  const found: Problem[] = [];
  const warnings = [...(owner.kind === "release" ? placed.problems : [])];
  // Where a local package is placed, that says all.
  const all = owner.kind === "local" && placed.images.length > 0 ? [] : listWritten(owner, ports);
  for (const { service, written, package: name } of all) {
    const isPlaced = placed.images.some((each) => each.service === service && each.package === name);
    if (written.reference !== null)
      references.set(written.reference, references.get(written.reference) ?? written.place);
    if (written.open.length > 0 && !isPlaced) warnings.push(unknownImage(service, written));
  }
  for (const [reference, place] of references) {
    const fault = findReferenceFault(reference);
    if (fault !== null) found.push(noReference(reference, { fault, place }));
    if (fault !== null || reference.includes("@")) references.delete(reference);
  }
  const failed = owner.kind === "local" ? placed.problems : [];
  return {
    references: new Map([...references].sort(([a], [b]) => compareText(a, b))),
    problems: sortProblems(toldOnce([...failed, ...found])),
    warnings: sortProblems(toldOnce(warnings)),
  };
}

/** As the Compose files write them, with the variables of package.yaml that no template makes. */
export function listWritten(
  owner: LockOwner,
  { listImages }: Pick<ImagePorts, "listImages">,
): { package: string; service: string; written: WrittenImage }[] {
  const packages = owner.kind === "local" ? [owner.folder] : [...owner.folder.packages.values()];
  return packages.flatMap((folder) =>
    listImages({ ...unplacedInput(folder), variables: constantsOf(folder) }).map((written) => ({
      package: folder.folder,
      service: written.service,
      written,
    })),
  );
}

function constantsOf({ package: { value } }: PackageFolder): Record<string, string> {
  return Object.fromEntries(Object.entries(value.variables).filter(([, text]) => !/\{[{%]/.test(text)));
}

/** K1454, a warning: an image that only settings make known. */
function unknownImage(service: string, { open, reference, place }: WrittenImage): Problem {
  const names = open.map(quote).join(", ");
  const rest = reference === null ? "is not locked" : `is locked as ${reference} alone`;
  return {
    code: "K1454",
    ...place,
    message: `the image of ${service} depends on ${names}, which settings give, and ${rest}`,
    hint: "Lock it in a repository with an environment that uses the release, write the value in package.yaml, or write the image out.",
  };
}

function noReference(reference: string, { fault, place }: { fault: string; place: SaidPlace }): Problem {
  const hint = "Write [registry[:port]/]repository[:tag][@sha256:…], the repository in lower case.";
  return { code: "K1427", ...place, message: `${quote(reference)} ${fault}`, hint };
}
