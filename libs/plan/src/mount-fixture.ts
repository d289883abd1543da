import {
  type DesiredFile,
  type DesiredMount,
  type MountLayout,
  type OnChange,
  digestBytes,
  digestValue,
} from "@keelson/model";

export interface FileSketch {
  to: string;
  content?: string;
  onChange?: OnChange;
  secrets?: string[];
}

export interface MountSketch {
  /** Default: the folder of the first file. */
  source?: string;
  services: string[];
  files: FileSketch[];
  writable?: boolean;
}

export function mount(sketch: MountSketch): DesiredMount {
  const sorted = sketch.files.map(file).sort((a, b) => (a.to < b.to ? -1 : 1));
  const [first] = sorted;
  const source = sketch.source ?? (first?.to ?? "").replace(/\/[^/]*$/, "");
  const kind = first?.to === source ? "file" : "folder";
  const layout = layoutOf(first?.onChange ?? "recreate");
  const files = sorted.map((each) => ({
    ...each,
    path: kind === "file" ? each.path : each.to.slice(source.length + 1),
  }));
  // As rendered: equal files of equal names lie in one place, whatever they are bound by.
  const digest = digestValue(files.map((each) => [each.path, each.digest])).slice(0, 8);
  return {
    source,
    kind,
    layout,
    writable: sketch.writable ?? false,
    target: layout === "content" ? `files/${digest}/${source.split("/").at(-1)}` : `live/${source}`,
    files,
    services: [...sketch.services].sort(),
  };
}

function layoutOf(onChange: OnChange): MountLayout {
  if (onChange === "recreate") return "content";
  return onChange === "restart" || onChange === "seed" ? "live" : "data";
}

export function file(sketch: FileSketch): DesiredFile {
  const content = new TextEncoder().encode(sketch.content ?? `content of ${sketch.to}`);
  const mode = 0o644;
  const contentDigest = digestBytes(content);
  return {
    to: sketch.to,
    path: sketch.to.split("/").at(-1) ?? "",
    content,
    contentDigest,
    digest: digestValue({ contentDigest, mode, owner: null }),
    secrets: sketch.secrets ?? [],
    mode,
    owner: null,
    onChange: sketch.onChange ?? "recreate",
  };
}
