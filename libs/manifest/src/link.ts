import { type SourceFile, type SourceFiles, compareText, decodeUtf8 } from "@keelson/model";

/** As many as Linux follows (path_resolution(7)). */
const mostHops = 40;

/** As long as a path may be there. */
const longestTarget = 4096;

/** What links may add: links to folders that hold links to folders would grow without end. */
const mostLinked = { files: 20_000, bytes: 64 * 1024 * 1024, steps: 1_000_000 };

/**
 * The files with each symbolic link replaced by what it leads to, a file or a folder of the same revision. A link may lead
 * anywhere in its package, outside of packages in its release, and for an environment in all environments. One that leads
 * elsewhere, nowhere or in a circle stays as it is. Doing it twice is doing it once.
 */
export function followLinks(files: SourceFiles): SourceFiles {
  const links = [...files.values()].filter(({ mode }) => mode === "120000");
  if (links.length === 0) return files;
  const tree = treeOf(files);
  const followed = new Map(files);
  const left = { ...mostLinked };
  for (const link of links.sort((a, b) => compareText(a.path, b.path))) {
    const made = filesBehind(link, { tree, left });
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
  const place = placeOf(link.path, search.tree);
  const found = place === null ? null : resolve(link, { place, search });
  if (place === null || found === null) return null;
  const target = found.entry;
  if (!(target instanceof Map)) return [{ ...target, path: link.path }];
  // What it would hold is itself, again and again.
  if (place.at.some(({ entry }) => entry === target)) return null;
  const made: SourceFile[] = [];
  const folders = [{ at: found.at, path: link.path }];
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    const inside = next.at.at(-1)?.entry;
    for (const [name, entry] of inside instanceof Map ? inside : []) {
      const path = `${next.path}/${name}`;
      if (entry instanceof Map) folders.push({ at: [...next.at, { entry }], path });
      else {
        const behind =
          entry.mode === "120000" ? resolve(entry, { place: { ...place, at: next.at }, search }) : null;
        // A link behind a link that leads to a folder is refused at its new place.
        made.push({ ...(behind === null || behind.entry instanceof Map ? entry : behind.entry), path });
      }
      if (made.length > mostLinked.files) return null;
    }
  }
  return made;
}

/** A folder with all above it, and how many of those a link may not lead out of. */
interface Place {
  at: readonly { entry: Entry }[];
  rootDepth: number;
}

function placeOf(path: string, tree: Folder): Place | null {
  const root = /^(?:releases\/[^/]+\/[^/]+(?:\/packages\/[^/]+)?|environments)(?=\/)/.exec(path)?.[0];
  if (root === undefined) return null;
  const at: { entry: Entry }[] = [{ entry: tree }];
  for (const segment of path.split("/").slice(0, -1)) {
    const above = at.at(-1)?.entry;
    const entry = above instanceof Map ? above.get(segment) : undefined;
    if (entry === undefined) return null;
    at.push({ entry });
  }
  return { at, rootDepth: root.split("/").length + 1 };
}

/** The file or folder that a link leads to in the end; null when it is none, or outside of the root on the way. */
function resolve(
  link: SourceFile,
  { place, search }: { place: Place; search: Search },
): { at: Place["at"]; entry: Entry } | null {
  let hops = 0;
  const walk = (from: Place["at"], target: string): { entry: Entry }[] | null => {
    if (target === "" || target.startsWith("/") || ++hops > mostHops) return null;
    let at = [...from];
    for (const segment of target.split("/")) {
      if (--search.left.steps < 0) return null;
      if (segment === "" || segment === ".") continue;
      if (segment === "..") at.pop();
      else {
        const above = at.at(-1)?.entry;
        const entry = above instanceof Map ? above.get(segment) : undefined;
        if (entry === undefined) return null;
        const isLink = !(entry instanceof Map) && entry.mode === "120000";
        const next = isLink ? walk(at, targetOf(entry)) : [...at, { entry }];
        if (next === null) return null;
        at = next;
      }
      if (at.length < place.rootDepth) return null;
    }
    return at;
  };
  const at = walk(place.at, targetOf(link));
  const entry = at?.at(-1)?.entry;
  if (at === null || entry === undefined) return null;
  return entry instanceof Map || entry.mode === "100644" || entry.mode === "100755" ? { at, entry } : null;
}

function targetOf(link: SourceFile): string {
  return link.bytes.length > longestTarget ? "" : (decodeUtf8(link.bytes) ?? "");
}
