import type { Json } from "@keelson/model";

import { localFolder, localPath } from "./local-path.ts";
import { type RuleContext, shown } from "./rule.ts";

/** Why a bind source is neither a rendered file nor a folder of them; null when it is one. */
export function folderOrFileRefusal(source: Json, context: RuleContext): string | null {
  return refusal(source, {
    context,
    isBound: (path, bound) => bound === path || bound.startsWith(`${path}/`),
  });
}

/** Why a path is no rendered file; null when it is one. */
export function fileRefusal(path: Json, context: RuleContext): string | null {
  return refusal(path, { context, isBound: (path, bound) => bound === path });
}

interface Question {
  context: RuleContext;
  /** Compares whole segments: `core/confx` is not below `core/conf`. */
  isBound: (path: string, bound: string) => boolean;
}

function refusal(source: Json, { context, isBound }: Question): string | null {
  // What a relative source of a repository is, its files or data of the node, is decided when mounts are built.
  if (context.reach === "repository") return localFolder(source, context).refusal;
  const local = localPath(source, context);
  if (local.refusal !== null) return local.refusal;
  return context.boundPaths.some((bound) => isBound(local.path, bound))
    ? null
    : `${shown(source)} is not a rendered file of this package`;
}
