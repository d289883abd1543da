import {
  type ComposeModel,
  type DesiredFile,
  type DesiredMount,
  type MountLayout,
  type NodeSecrets,
  type OnChange,
  type Problem,
  type RenderedFile,
  type RenderedInstance,
  type Repository,
  compareText,
  digestValue,
} from "@keelson/model";

import { composeProblem, packageProblem } from "./place-of-problem.ts";
import { findUnlisted } from "./unlisted-file.ts";

/** The layout in which files of this `onChange` lie on disk (docs/spec/package.md has the table). */
export function layoutOf(onChange: OnChange): MountLayout {
  if (onChange === "recreate") return "content";
  if (onChange === "restart" || onChange === "seed") return "live";
  return "data";
}

interface MountInput {
  model: ComposeModel;
  secrets: NodeSecrets;
  repository: Repository | undefined;
}

/** Everything of an instance that its services bind, with the files below it, sorted by source. */
export function buildMounts(
  instance: RenderedInstance,
  input: MountInput,
): { mounts: DesiredMount[]; problems: Problem[] } {
  const files = instance.files.map((file) => describeFile(file, input.secrets));
  const mounts: DesiredMount[] = [];
  const problems: Problem[] = [];
  for (const [source, services] of findSources(input.model)) {
    const mount = buildMount(source, { files, services });
    if (mount === null) continue; // the gate refuses what is not a rendered file
    mounts.push(mount);
    problems.push(...findFaults(mount, { instance, ...input }), ...findUnlisted(mount, instance));
  }
  problems.push(...findOverlaps(mounts, instance));
  return { mounts, problems };
}

type BoundFile = Omit<DesiredFile, "path"> & Pick<RenderedFile, "writable">;

function describeFile(file: RenderedFile, secrets: NodeSecrets): BoundFile {
  const { to, content, mode, owner, onChange, writable } = file;
  const contentDigest = secrets.digestContent(content, file.secrets);
  return {
    to,
    content,
    secrets: file.secrets,
    mode,
    owner,
    onChange,
    writable,
    contentDigest,
    digest: digestValue({ contentDigest, mode, owner }),
  };
}

/** Which services bind which rendered path, by service volumes, file secrets and file configs. */
function findSources(model: ComposeModel): [string, string[]][] {
  const services = new Map<string, Set<string>>();
  const bind = (source: unknown, service: string) => {
    if (typeof source !== "string") return;
    services.set(source, (services.get(source) ?? new Set()).add(service));
  };
  for (const [name, service] of Object.entries(model.services)) {
    for (const mount of service.volumes ?? []) if (mount.type === "bind") bind(mount.source, name);
    for (const secret of service.secrets ?? []) bind(model.secrets[secret.source]?.["file"], name);
    for (const config of service.configs ?? []) bind(model.configs[config.source]?.["file"], name);
  }
  return [...services]
    .map(([source, names]): [string, string[]] => [source, [...names].sort(compareText)])
    .sort(([a], [b]) => compareText(a, b));
}

function buildMount(
  source: string,
  { files: candidates, services }: { files: readonly BoundFile[]; services: string[] },
): DesiredMount | null {
  const bound = filesBelow(source, candidates).sort((a, b) => compareText(a.to, b.to));
  const [first] = bound;
  if (first === undefined) return null;
  const kind = first.to === source ? "file" : "folder";
  const layout = layoutOf(first.onChange);
  const { writable } = first;
  const files = bound.map(({ writable: _ofTheMount, ...file }) => ({
    ...file,
    path: kind === "file" ? baseName(source) : file.to.slice(source.length + 1),
  }));
  const target = targetOf(source, { layout, writable, files });
  return { source, kind, layout, writable, target, files, services };
}

/** The bound file, or the files in the bound folder. */
function filesBelow<File extends { to: string }>(source: string, files: readonly File[]): File[] {
  const single = files.filter(({ to }) => to === source);
  return single.length > 0 ? single : files.filter(({ to }) => to.startsWith(`${source}/`));
}

/**
 * Content-addressed mounts get a new path with new content, so a change recreates and the old files stay whole. What
 * containers may write lies in a folder of its own: if another source led through it, a container could put a link to
 * the host's root there, and the engine would follow it at the next restart.
 */
function targetOf(source: string, mount: Pick<DesiredMount, "layout" | "writable" | "files">): string {
  const content = mount.layout === "content" ? mount.files.map(({ path, digest }) => [path, digest]) : null;
  if (mount.writable) return `writable/${pathDigest([source, content])}/${baseName(source)}`;
  return content === null ? `live/${source}` : `files/${pathDigest(content)}/${baseName(source)}`;
}

function pathDigest(value: unknown): string {
  return digestValue(value).slice(0, 32);
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function findFaults(mount: DesiredMount, context: MountInput & { instance: RenderedInstance }): Problem[] {
  const { source, files, layout, kind } = mount;
  const odd = files.find((file) => layoutOf(file.onChange) !== layout);
  if (odd !== undefined) {
    const list = files.map((file) => `${file.to} (${onChangeText(file.onChange)})`).join(", ");
    return [
      packageProblem(context, {
        code: "K1306",
        path: [...filePath(odd.to, context.instance), "onChange"],
        part: "value",
        message: `the folder ${source} is bound as a whole but its files change in different ways: ${list}`,
        hint: "Give all files of one folder onChange values of one layout (recreate | restart and seed | signal, exec and none), or split the folder.",
      }),
    ];
  }
  const mixed = filesBelow(source, context.instance.files).find(
    ({ writable }) => writable !== mount.writable,
  );
  if (mixed !== undefined) {
    return [
      packageProblem(context, {
        code: "K1306",
        path: filePath(mixed.to, context.instance),
        part: "value",
        message: `the folder ${source} is bound as a whole but only some of its files are writable`,
        hint: "Give all files of one folder writable: true or none, or split the folder.",
      }),
    ];
  }
  const [first] = files;
  if (layout !== "data" || kind !== "file" || first === undefined) return [];
  return [
    packageProblem(context, {
      code: "K1307",
      path: [...filePath(first.to, context.instance), "onChange"],
      part: "value",
      message: `${source} is bound as a single file, where a container keeps seeing the old content after onChange: ${onChangeText(first.onChange)}`,
      hint: "Bind the folder that holds it, or use onChange: restart or recreate.",
    }),
  ];
}

function filePath(to: string, instance: RenderedInstance): (string | number)[] {
  return ["files", instance.files.find((file) => file.to === to)?.entry ?? 0];
}

/** A mount that containers may write, or that is swapped as a whole, shares no file with another one. */
function findOverlaps(mounts: readonly DesiredMount[], instance: RenderedInstance): Problem[] {
  const isAlone = ({ writable, layout }: DesiredMount) => writable || layout === "data";
  return mounts.flatMap((outer) =>
    mounts
      .filter((inner) => inner.source.startsWith(`${outer.source}/`) && (isAlone(outer) || isAlone(inner)))
      .map((inner) =>
        composeProblem(instance, {
          code: "K1308",
          path: ["services", inner.services[0] ?? "", "volumes"],
          message: `${inner.source} is bound on its own and also lies in the bound ${outer.writable ? "and writable " : ""}folder ${outer.source}`,
          hint: "Bind one of the two, or put the files into separate folders.",
        }),
      ),
  );
}

function onChangeText(onChange: OnChange): string {
  return typeof onChange === "string" ? onChange : `{ exec: ${JSON.stringify(onChange.exec)} }`;
}
