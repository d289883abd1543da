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
  compareText,
  digestValue,
} from "@keelson/model";

/** The layout in which files of this `onChange` lie on disk (docs/spec/package.md has the table). */
export function layoutOf(onChange: OnChange): MountLayout {
  if (onChange === "recreate") return "content";
  if (onChange === "restart") return "live";
  return "data";
}

/** Everything of an instance that its services bind, with the files below it, sorted by source. */
export function buildMounts(
  instance: RenderedInstance,
  input: { model: ComposeModel; secrets: NodeSecrets },
): { mounts: DesiredMount[]; problems: Problem[] } {
  const files = instance.files.map((file) => describeFile(file, input.secrets));
  const onChangeByTo = new Map(instance.files.map((file) => [file.to, file]));
  const mounts: DesiredMount[] = [];
  const problems: Problem[] = [];
  for (const [source, services] of findSources(input.model)) {
    const single = files.find((file) => file.to === source);
    const below = files.filter((file) => file.to.startsWith(`${source}/`));
    const mounted = single === undefined ? below : [single];
    const kind = single === undefined ? "folder" : "file";
    const layouts = [...new Set(mounted.map((file) => layoutOf(file.onChange)))];
    const layout = layouts[0];
    if (layout === undefined) continue; // the gate refuses what is not a rendered file
    const template = onChangeByTo.get(mounted[0]?.to ?? "")?.template ?? instance.package.folder;
    if (layouts.length > 1) problems.push(mixedLayouts(source, { template, mounted }));
    if (layout === "data" && kind === "file") problems.push(singleFileSignal(source, template));
    const placed = mounted
      .map((file) => ({
        ...file,
        path: kind === "file" ? baseName(source) : file.to.slice(source.length + 1),
      }))
      .sort((a, b) => compareText(a.path, b.path));
    mounts.push({
      source,
      kind,
      layout,
      target: targetOf(source, { layout, files: placed }),
      files: placed,
      services,
    });
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

/** Content-addressed mounts get a new path with new content, so a change recreates and the old files stay whole. */
function targetOf(source: string, mount: { layout: MountLayout; files: DesiredFile[] }): string {
  if (mount.layout !== "content") return `live/${source}`;
  const digest = digestValue(mount.files.map(({ path, digest }) => [path, digest])).slice(0, 32);
  return `files/${digest}/${baseName(source)}`;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function mixedLayouts(
  source: string,
  found: { template: string; mounted: { to: string; onChange: OnChange }[] },
): Problem {
  const list = found.mounted.map((file) => `${file.to} (${onChangeText(file.onChange)})`).join(", ");
  return problemAt(found.template, {
    code: "K1306",
    message: `the folder ${source} is bound as a whole but its files change in different ways: ${list}`,
    hint: "Give all files of one folder onChange values of one layout (recreate | restart | signal, exec and none), or split the folder.",
  });
}

function singleFileSignal(source: string, template: string): Problem {
  return problemAt(template, {
    code: "K1307",
    message: `${source} is bound as a single file, where a container keeps seeing the old content after a signal`,
    hint: "Bind the folder that holds it, or use onChange: restart or recreate.",
  });
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
        problemAt(`${instance.package.folder}/${instance.compose.composeFile}`, {
          code: "K1308",
          message: `${inner.source} is bound on its own and also lies in the bound folder ${outer.source}`,
          hint: "Bind one of the two, or put the files into separate folders.",
        }),
      ),
  );
}

function onChangeText(onChange: OnChange): string {
  return typeof onChange === "string" ? onChange : "exec";
}

function problemAt(file: string, text: { code: string; message: string; hint: string }): Problem {
  return { file, line: 1, column: 1, path: "", ...text };
}
