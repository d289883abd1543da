import { type DesiredMount, type MountLayout, type OnChange, compareText, digestValue } from "@keelson/model";

import type { BindSource } from "./bind-source.ts";
import type { BoundFile } from "./bound-file.ts";

/** The layout in which files of this `onChange` lie on disk (docs/spec/package.md has the table). */
export function layoutOf(onChange: OnChange): MountLayout {
  if (onChange === "recreate") return "content";
  if (onChange === "restart" || onChange === "seed") return "live";
  return "data";
}

/** What is bound there, which holds these files and no others; null when there is none. */
export function buildMount(
  { source, services }: Pick<BindSource, "source" | "services">,
  candidates: readonly BoundFile[],
): DesiredMount | null {
  const bound = filesBelow(source, candidates).sort((a, b) => compareText(a.to, b.to));
  const [first] = bound;
  if (first === undefined) return null;
  const kind = first.to === source ? "file" : "folder";
  const layout = layoutOf(first.onChange);
  const { writable } = first;
  const files = bound.map(({ writable: _ofTheMount, isInPlace: _ofTheSource, ...file }) => ({
    ...file,
    path: pathInside(source, file.to),
  }));
  const target = targetOf(source, { layout, writable, files });
  return { source, kind, layout, writable, target, files, services };
}

/** Path of a file inside of what is bound; for a single file its base name. */
export function pathInside(source: string, to: string): string {
  if (to === source) return baseName(source);
  return source === "." ? to : to.slice(source.length + 1);
}

/** The bound file, or the files in the bound folder. */
export function filesBelow<File extends { to: string }>(source: string, files: readonly File[]): File[] {
  const single = files.filter(({ to }) => to === source);
  return single.length > 0 ? single : files.filter(({ to }) => isBelow(source, to));
}

/** Whether one path lies in the folder that another one is; `.` holds all that does not lead out of it. */
export function isBelow(folder: string, path: string): boolean {
  return folder === "." ? path !== "." && !isOutside(path) : path.startsWith(`${folder}/`);
}

/** Whether a path leads out of the folder of compose.yaml. */
export function isOutside(path: string): boolean {
  return path === ".." || path.startsWith("../");
}

/**
 * Content-addressed mounts get a new path with new content, so a change recreates and the old files stay whole. What
 * containers may write lies in a folder of its own: if another source led through it, a container could put a link to
 * the host's root there, and the engine would follow it at the next restart.
 */
function targetOf(source: string, mount: Pick<DesiredMount, "layout" | "writable" | "files">): string {
  const content = mount.layout === "content" ? mount.files.map(({ path, digest }) => [path, digest]) : null;
  if (mount.writable) return `writable/${pathDigest([source, content])}/${baseName(source)}`;
  return content === null
    ? `live/${source === "." ? baseName(source) : source}`
    : `files/${pathDigest(content)}/${baseName(source)}`;
}

function pathDigest(value: unknown): string {
  return digestValue(value).slice(0, 32);
}

function baseName(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return name === "." || name === ".." ? "_" : name;
}
