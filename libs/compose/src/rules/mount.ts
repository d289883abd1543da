import { posix } from "node:path";

import { type Json, fillVariables, hasInnerPathToken, isJsonObject, pathTokenPattern } from "@keelson/model";

import { folderOrFileRefusal } from "../bound-path.ts";
import { type Occurrence, type Rule, type RuleContext, isOff, shown, unless } from "../rule.ts";

const bindHint = "Bind a file that package.yaml lists under files (by its to), or a folder of such files.";

/** K1404: binds of what is neither a rendered file nor a path of the host, which needs a grant, and other ways to the host. */
export const mountRules: readonly Rule[] = [
  { at: "services.*.volumes.*?", code: "K1404", refuse: mountRefusal, hint: bindHint },
  {
    at: "services.*.use_api_socket",
    code: "K1404",
    refuse: unless(isOff, "use_api_socket hands the engine's socket to the container"),
    hint: "Leave it out; it would hand over logins as well. The socket itself can be bound, with a grant.",
  },
];

function mountRefusal(occurrence: Occurrence): string | null {
  const { value, context } = occurrence;
  if (context.stage === "file" && JSON.stringify(value).includes("$")) return openRefusal(value, context);
  if (typeof value === "string") return shortMountRefusal(value, occurrence);
  if (!isJsonObject(value)) return `a mount cannot be ${shown(value)}`;
  switch (value["type"]) {
    case "tmpfs":
      return null;
    case "volume":
      return volumeRefusal(value);
    case "bind":
      return bindRefusal(value, occurrence);
    default:
      return `mounts of type ${shown(value["type"] ?? "(none)")} are not permitted`;
  }
}

/**
 * Of a mount with a variable, the rest is judged after Compose has filled it in. By then a relative source that climbs is a
 * path of the host, beside the folder in which Compose works.
 */
function openRefusal(mount: Json, context: RuleContext): string | null {
  const text = isJsonObject(mount) ? (mount["source"] ?? "") : mount;
  const filled = typeof text === "string" ? fillText(text, context) : null;
  if (filled === null) return `${shown(mount)} cannot be judged before its variables are filled in`;
  const source = isJsonObject(mount) ? filled : (filled.split(":")[0] ?? "");
  const isLeading = source.startsWith("~") || source.split("/").includes("..");
  return isLeading && !source.startsWith("/") ? folderOrFileRefusal(source, context) : null;
}

/** Two dollar signs are one, and no variable. */
function fillText(text: string, { variables }: RuleContext): string | null {
  return fillVariables(text.replaceAll("$$", "\u0001"), variables)?.replaceAll("\u0001", "$") ?? null;
}

/** `SOURCE:TARGET[:OPTIONS]`, or `TARGET` alone for an anonymous volume (Compose specification, services/volumes). */
function shortMountRefusal(text: string, occurrence: Occurrence): string | null {
  const [source = "", target, options = ""] = text.split(":");
  if (target === undefined || isVolumeName(source)) return null;
  if (source.startsWith("/")) return hostPathRefusal(source);
  return (
    folderOrFileRefusal(source, occurrence.context) ??
    (options.split(",").some((option) => isShared(option)) ? sharedMessage : null)
  );
}

function bindRefusal(mount: { [key: string]: Json }, occurrence: Occurrence): string | null {
  const { source = null, bind } = mount;
  if (typeof source === "string" && source.startsWith("/")) return hostPathRefusal(source);
  const propagation = isJsonObject(bind) ? (bind["propagation"] ?? null) : null;
  return (
    folderOrFileRefusal(source, occurrence.context) ??
    (isOff(propagation) || propagation === "private" || propagation === "rprivate" ? null : sharedMessage)
  );
}

function volumeRefusal(mount: { [key: string]: Json }): string | null {
  const source = mount["source"] ?? null;
  if (source !== null && !(typeof source === "string" && /^[\w.-]+$/.test(source))) {
    return `${shown(source)} is not the name of a volume of this file`;
  }
  const subpath = isJsonObject(mount["volume"]) ? (mount["volume"]["subpath"] ?? "") : "";
  if (typeof subpath !== "string" || subpath.startsWith("/") || subpath.split("/").includes("..")) {
    return `the subpath ${shown(subpath)} leaves the volume`;
  }
  return null;
}

/** By these the kernel leads to another place than the path says. */
function hostPathRefusal(source: string): string | null {
  const isToken = pathTokenPattern.test(source);
  if (isToken && source.split("/").includes("..")) return `${source} climbs out of the path that is named`;
  if (hasInnerPathToken(source)) return `${source} names a path of the node below another one`;
  return /^\/proc\/(?:self|thread-self|\d+)(?:\/|$)/.test(posix.normalize(source))
    ? `${source} is of one process of the host, and can lead anywhere`
    : null;
}

const sharedMessage = "a shared or slave propagation lets mounts of the host and the container meet";

function isShared(option: string): boolean {
  return /^r?(shared|slave)$/.test(option);
}

/** Two characters at least, as in the engine; anything else is taken for a path, as Compose does with `.`, `/`, `~`. */
function isVolumeName(text: string): boolean {
  return /^[a-zA-Z0-9][\w.-]+$/.test(text);
}
