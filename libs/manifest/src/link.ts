import { type SourceFile, type SourceFiles, compareText, decodeUtf8 } from "@keelson/model";

/** As many as Linux follows (path_resolution(7)). */
const mostHops = 40;

/** As long as a path may be there. */
const longestTarget = 4096;

/** What links may add: links to folders that hold links to folders would grow without end. */
const mostLinked = { files: 20_000, bytes: 64 * 1024 * 1024, steps: 1_000_000 };

/** How far a link may lead: within what `releases/` and `environments/` are divided into, or anywhere in the repository. */
export type LinkReach = "folder" | "repository";

/**
 * The files with each symbolic link replaced by what it leads to, a file or a folder of the same revision. A link may lead
 * anywhere in its package, outside of packages in its release, and for an environment in all environments; one of a local
 * package anywhere in the repository. One that leads elsewhere, nowhere or in a circle stays as it is. Doing it twice is
 * doing it once.
 */
export function followLinks(files: SourceFiles, reach: LinkReach = "folder"): SourceFiles {
  const links = [...files.values()].filter(({ mode }) => mode === "120000");
  if (links.length === 0) return files;
  const tree = treeOf(files);
  const followed = new Map(files);
  const left = { ...mostLinked };
  for (const link of links.sort((a, b) => compareText(a.path, b.path))) {
    const made = filesBehind(link, { tree, left, reach });
    if (made === null) continue;
    left.files -= made.length;
    left.bytes -= made.reduce((sum, file) => sum + file.bytes.length, 0);
    if (left.files < 0 || left.bytes < 0) break;
    followed.delete(link.path);
    for (const file of made) followed.set(file.path, file);
  }
  return new Map([...followed].sort(([a], [b]) => compareText(a, b)));
}

type Folder = Map<string, Entry>;
type Entry = Folder | SourceFile;

interface Search {
  tree: Folder;
  reach: LinkReach;
  /** What all links together may still take. */
  left: { steps: number };
}

function treeOf(files: SourceFiles): Folder {
  const tree: Folder = new Map();
  for (const file of files.values()) {
    const segments = file.path.split("/");
    const name = segments.pop() ?? "";
    let folder = tree;
    for (const segment of segments) {
      const next = folder.get(segment) ?? new Map<string, Entry>();
      if (!(next instanceof Map)) break; // a path below a file is refused where paths are judged
      folder.set(segment, next);
      folder = next;
    }
    if (!folder.has(name)) folder.set(name, file);
  }
  return tree;
}

/** What stands at the link's place once it is followed; null when it may not be followed, or leads nowhere. */
function filesBehind(link: SourceFile, search: Search): SourceFile[] | null {
  const place = placeOf(link.path, search);
  const found = place === null ? null : resolve(link, { place, search });
  if (place === null || found === null) return null;
  const { entry: target } = found;
  if (!(target instanceof Map)) return [{ ...target, path: link.path }];
  // What it would hold is itself, again and again.
  for (let above: Spot | null = place.at; above !== null; above = above.above)
    if (above.entry === target) return null;
  const made: SourceFile[] = [];
  const folders = [{ at: found, path: link.path }];
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    const { at } = next;
    for (const [name, entry] of at.entry instanceof Map ? at.entry : []) {
      if (--search.left.steps < 0) return null;
      const path = `${next.path}/${name}`;
      if (entry instanceof Map) folders.push({ at: below(at, entry), path });
      else {
        const behind = entry.mode === "120000" ? resolve(entry, { place: { ...place, at }, search }) : null;
        // A link behind a link that leads to a folder is refused at its new place.
        made.push({ ...(behind === null || behind.entry instanceof Map ? entry : behind.entry), path });
      }
      if (made.length > mostLinked.files) return null;
    }
  }
  return made;
}

/** Where one is in the tree: an entry, and the folder that it was reached by. */
interface Spot {
  entry: Entry;
  above: Spot | null;
  depth: number;
}

function below(above: Spot, entry: Entry): Spot {
  return { entry, above, depth: above.depth + 1 };
}

/** Where a link stands, and how far up it may lead. */
interface Place {
  at: Spot;
  rootDepth: number;
}

function placeOf(path: string, { tree, reach }: Pick<Search, "tree" | "reach">): Place | null {
  const rootDepth = reach === "repository" ? 0 : rootDepthOf(path);
  if (rootDepth === null) return null;
  let at: Spot = { entry: tree, above: null, depth: 0 };
  for (const segment of path.split("/").slice(0, -1)) {
    const entry: Entry | undefined = at.entry instanceof Map ? at.entry.get(segment) : undefined;
    if (entry === undefined) return null;
    at = below(at, entry);
  }
  return { at, rootDepth };
}

function rootDepthOf(path: string): number | null {
  const root = /^(?:releases\/[^/]+\/[^/]+(?:\/packages\/[^/]+)?|environments)(?=\/)/.exec(path)?.[0];
  return root === undefined ? null : root.split("/").length;
}

/** The file or folder that a link leads to in the end; null when it is none, or outside of the root on the way. */
function resolve(link: SourceFile, { place, search }: { place: Place; search: Search }): Spot | null {
  let hops = 0;
  const walk = (from: Spot, target: string): Spot | null => {
    if (target === "" || target.startsWith("/") || ++hops > mostHops) return null;
    let at: Spot | null = from;
    for (const segment of target.split("/")) {
      if (--search.left.steps < 0) return null;
      if (segment === "" || segment === ".") continue;
      if (segment === "..") at = at.above;
      else {
        const entry: Entry | undefined = at.entry instanceof Map ? at.entry.get(segment) : undefined;
        if (entry === undefined) return null;
        at =
          !(entry instanceof Map) && entry.mode === "120000" ? walk(at, targetOf(entry)) : below(at, entry);
      }
      if (at === null || at.depth < place.rootDepth) return null;
    }
    return at;
  };
  const at = walk(place.at, targetOf(link));
  if (at === null) return null;
  const { entry } = at;
  return entry instanceof Map || entry.mode === "100644" || entry.mode === "100755" ? at : null;
}

/** Where a link says that it leads; empty for what no path can be. */
export function targetOf(link: SourceFile): string {
  return link.bytes.length > longestTarget ? "" : (decodeUtf8(link.bytes) ?? "");
}
