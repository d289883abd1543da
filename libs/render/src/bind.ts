import type {
  ComposeModel,
  DesiredFolder,
  DesiredMount,
  NodeSecrets,
  Problem,
  RenderedInstance,
  Repository,
  SourceFile,
} from "@keelson/model";

import { type BindSource, findSources } from "./bind-source.ts";
import {
  type BoundFile,
  committedFile,
  findCommittedFiles,
  findPlacedFiles,
  isOfPackage,
} from "./bound-file.ts";
import { buildFolder, findFolderFaults, withoutInner } from "./data-folder.ts";
import { findMountFaults, findOverlaps } from "./mount-fault.ts";
import { buildMount, filesBelow, isOutside } from "./mount.ts";
import { holdsPackage, outerProblem } from "./outer-bind.ts";
import { composeProblem } from "./place-of-problem.ts";
import { findProfileFaults } from "./seccomp-profile.ts";
import { findUnlisted } from "./unlisted-file.ts";

interface BindInput {
  model: ComposeModel;
  secrets: NodeSecrets;
  repository: Repository | undefined;
}

/** What the services of an instance bind of their package, each sorted by source. */
export interface Binds {
  mounts: DesiredMount[];
  folders: DesiredFolder[];
}

/**
 * Files, data folder or kept folder: each relative source is one of them, for all services of the instance. An absolute one is
 * a path of the host, and is none of them.
 */
export function buildBinds(
  instance: RenderedInstance,
  input: BindInput,
): { binds: Binds; problems: Problem[] } {
  const sources = findSources(input.model).filter(({ source }) => !source.startsWith("/"));
  const placed = findPlacedFiles(instance, input.secrets);
  const isLocal = instance.compose.reach === "repository";
  const committed = isLocal ? findCommittedFiles(instance) : new Map<string, SourceFile>();
  const mounts: DesiredMount[] = [];
  const folders: DesiredFolder[] = [];
  const problems: Problem[] = [];
  for (const source of sources) {
    if (isLocal && holdsPackage(source, instance)) {
      problems.push(outerProblem(source, instance));
      continue;
    }
    problems.push(...findSealed(source, { instance, committed }));
    const files = [
      ...filesBelow(source.source, placed),
      ...committedBelow(source, { ...input, instance, committed }),
    ];
    const mount = !isLocal || isOnlyRead(source, files) ? buildMount(source, files) : null;
    if (source.isProfile) problems.push(...findProfileFaults(source, { mount, instance }));
    if (!isLocal || isOnlyRead(source, files)) {
      if (mount === null) continue; // the gate refuses what is not a rendered file
      mounts.push(mount);
      problems.push(...findMountFaults(mount, { instance, ...input }));
      if (!isLocal) problems.push(...findUnlisted(mount, instance));
    } else if (isOutside(source.source)) {
      problems.push(outsideProblem(source, { instance, isCommitted: files.length > 0 }));
    } else {
      const folder = buildFolder(source, files);
      folders.push(folder);
      problems.push(...findFolderFaults(folder, { instance, ...input }));
    }
  }
  problems.push(...findOverlaps(mounts, instance));
  return { binds: { mounts, folders: withoutInner(folders) }, problems };
}

/** K1346: encrypted variables are opened for the environment of containers, and nowhere else. */
function findSealed(
  { source, services: [service = ""] }: BindSource,
  { instance, committed }: { instance: RenderedInstance; committed: ReadonlyMap<string, SourceFile> },
): Problem[] {
  if (!instance.compose.sealedVariables.has(committed.get(source)?.path ?? "")) return [];
  return [
    composeProblem(instance, {
      code: "K1346",
      path: ["services", service, "volumes"],
      message: `${source} is encrypted by SOPS, and ${service}, which binds it, would get what is encrypted`,
      hint: "Name it under env_file; or render a file with the values, from secrets.sops.yaml of the folder.",
    }),
  ];
}

/** Committed files that no container may change, and whatever `files` makes, or puts elsewhere than where it is committed. */
function isOnlyRead({ writers }: BindSource, files: readonly BoundFile[]): boolean {
  if (files.length === 0) return false;
  return writers.length === 0 || files.some(({ isInPlace, writable }) => !isInPlace || writable);
}

function committedBelow(
  { source, writers }: BindSource,
  {
    committed,
    instance,
    secrets,
  }: Pick<BindInput, "secrets"> & {
    committed: ReadonlyMap<string, SourceFile>;
    instance: RenderedInstance;
  },
): BoundFile[] {
  const onChange = writers.length === 0 ? "recreate" : "restart";
  const found = filesBelow(
    source,
    [...committed].map(([to, file]) => ({ to, file })),
  );
  return found
    .filter(({ to, file }) => to === source || !isOfPackage(file, instance))
    .map(({ to, file }) => committedFile(to, { file, onChange, secrets }));
}

function outsideProblem(
  { source, services, writers }: BindSource,
  { instance, isCommitted }: { instance: RenderedInstance; isCommitted: boolean },
): Problem {
  const [service = ""] = isCommitted ? writers : services;
  return composeProblem(instance, {
    code: "K1323",
    path: ["services", service, "volumes"],
    message: isCommitted
      ? `${source} is committed outside of the package's folder, and ${service} may write there`
      : `${source} lies outside of the package's folder, and nothing of it is committed: Keelson keeps no data there`,
    hint: isCommitted
      ? "Bind it read-only (`:ro`), or move it into the package's folder."
      : `Bind data by its absolute path, and grant it to the package (policy.allow in environment.yaml, allow in agent.yaml: paths); or move it below ${instance.package.folder}; or commit what the container is to read.`,
  });
}
