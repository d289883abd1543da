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

/** The layout in which files of this `onChange` lie on disk (docs/spec/package.md has the table). */
export function layoutOf(onChange: OnChange): MountLayout {
  if (onChange === "recreate") return "content";
  if (onChange === "restart") return "live";
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
    problems.push(...findFaults(mount, { instance, ...input }));
  }
  problems.push(...findOverlaps(mounts, instance));
  return { mounts, problems };
}

function describeFile(file: RenderedFile, secrets: NodeSecrets): Omit<DesiredFile, "path"> {
  const { to, content, mode, owner, onChange } = file;
  const contentDigest = secrets.digestContent(content, file.secrets);
  return {
    to,
    content,
    secrets: file.secrets,
    mode,
    owner,
    onChange,
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
  on: { files: readonly Omit<DesiredFile, "path">[]; services: string[] },
): DesiredMount | null {
  const single = on.files.filter((file) => file.to === source);
  const kind = single.length > 0 ? "file" : "folder";
  const files = (kind === "file" ? single : on.files.filter((file) => file.to.startsWith(`${source}/`)))
    .map((file) => ({
      ...file,
      path: kind === "file" ? baseName(source) : file.to.slice(source.length + 1),
    }))
    .sort((a, b) => compareText(a.path, b.path));
  const [first] = files;
  if (first === undefined) return null;
  const layout = layoutOf(first.onChange);
  return { source, kind, layout, target: targetOf(source, { layout, files }), files, services: on.services };
}

/** Content-addressed mounts get a new path with new content, so a change recreates and the old files stay whole. */
function targetOf(source: string, mount: { layout: MountLayout; files: DesiredFile[] }): string {
  if (mount.layout !== "content") return `live/${source}`;
  const digest = digestValue(mount.files.map(({ path, digest }) => [path, digest])).slice(0, 32);
  return `files/${digest}/${baseName(source)}`;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function findFaults(mount: DesiredMount, on: MountInput & { instance: RenderedInstance }): Problem[] {
  const { source, files, layout, kind } = mount;
  const odd = files.find((file) => layoutOf(file.onChange) !== layout);
  if (odd !== undefined) {
    const list = files.map((file) => `${file.to} (${onChangeText(file.onChange)})`).join(", ");
    return [
      packageProblem(on, {
        code: "K1306",
        path: onChangePath(odd, on.instance),
        part: "value",
        message: `the folder ${source} is bound as a whole but its files change in different ways: ${list}`,
        hint: "Give all files of one folder onChange values of one layout (recreate | restart | signal, exec and none), or split the folder.",
      }),
    ];
  }
  const [first] = files;
  if (layout !== "data" || kind !== "file" || first === undefined) return [];
  return [
    packageProblem(on, {
      code: "K1307",
      path: onChangePath(first, on.instance),
      part: "value",
      message: `${source} is bound as a single file, where a container keeps seeing the old content after onChange: ${onChangeText(first.onChange)}`,
      hint: "Bind the folder that holds it, or use onChange: restart or recreate.",
    }),
  ];
}

/** The files of a rendered instance stand in the order of its package.yaml. */
function onChangePath(file: DesiredFile, instance: RenderedInstance): (string | number)[] {
  return ["files", instance.files.findIndex(({ to }) => to === file.to), "onChange"];
}

/** A live mount inside another one would be swapped away with it. */
function findOverlaps(mounts: readonly DesiredMount[], instance: RenderedInstance): Problem[] {
  const live = mounts.filter((mount) => mount.layout !== "content");
  return live.flatMap((outer) =>
    live
      .filter(
        (inner) =>
          inner.source.startsWith(`${outer.source}/`) && (outer.layout === "data" || inner.layout === "data"),
      )
      .map((inner) =>
        composeProblem(instance, {
          code: "K1308",
          path: ["services", inner.services[0] ?? "", "volumes"],
          message: `${inner.source} is bound on its own and also lies in the bound folder ${outer.source}`,
          hint: "Bind one of the two, or put the files into separate folders.",
        }),
      ),
  );
}

function onChangeText(onChange: OnChange): string {
  return typeof onChange === "string" ? onChange : `{ exec: ${JSON.stringify(onChange.exec)} }`;
}
