import { type DesiredFolder, type KeepFolder, digestBytes, digestValue } from "@keelson/model";

/** A folder of the instance `wiki`, with contents of kept files by path. */
export function folderOf(
  source: string,
  files: Record<string, string> = {},
  kind: DesiredFolder["kind"] = "folder",
): DesiredFolder {
  return {
    source,
    kind,
    files: Object.entries(files).map(([path, text]) => ({
      to: kind === "file" ? source : `${source}/${path}`,
      path,
      content: Buffer.from(text),
      contentDigest: digestBytes(text),
      digest: digestValue(text),
      secrets: [],
      mode: text.startsWith("#!") ? 0o755 : 0o644,
      owner: null,
      onChange: "restart",
    })),
    services: ["app"],
    writers: ["app"],
  };
}

/** The operation that places all files, each in the place of nothing. */
export function keeping(folder: DesiredFolder, changes: Partial<KeepFolder> = {}): KeepFolder {
  return {
    kind: "keep-folder",
    id: "#1",
    resource: `folder:lab-wiki/${folder.source}`,
    instance: "wiki",
    folder,
    place: Object.fromEntries(folder.files.map(({ path }) => [path, null])),
    remove: {},
    causes: [],
    class: "live",
    after: [],
    ...changes,
  };
}
