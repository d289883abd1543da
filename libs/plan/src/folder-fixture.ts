import { type DesiredFolder, type OnChange, digestBytes, digestValue } from "@keelson/model";

/** Test data: a data folder, or a kept one. */
export interface FolderSketch {
  source: string;
  /** `app` may write there, `app:ro` only reads. */
  services: string[];
  kind?: DesiredFolder["kind"];
  /** Contents of kept files by path. */
  files?: Record<string, string>;
  onChange?: OnChange;
  mode?: number;
  /** Where it is seen in the containers; `/<source>` unless told. */
  at?: string;
}

export function folder(sketch: FolderSketch): DesiredFolder {
  const { source, services, kind = "folder", files = {}, onChange = "restart", mode = 0o644 } = sketch;
  return {
    source,
    kind,
    files: Object.entries(files)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, text]) => ({
        to: kind === "file" ? source : `${source}/${path}`,
        path,
        content: new TextEncoder().encode(text),
        contentDigest: digestBytes(text),
        digest: digestValue([text, mode]),
        secrets: [],
        mode,
        owner: null,
        onChange,
      })),
    services: services.map((name) => name.replace(":ro", "")).sort(),
    writers: services.filter((name) => !name.endsWith(":ro")).sort(),
  };
}
