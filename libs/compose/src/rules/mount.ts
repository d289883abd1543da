import { type Json, isJsonObject } from "@keelson/model";

import { folderOrFileRefusal } from "../bound-path.ts";
import { type Occurrence, type Rule, isOff, shown, unless } from "../rule.ts";

const bindHint = "Bind a file that package.yaml lists under files (by its to), or a folder of such files.";

/** K1404: binds of anything but rendered files, and other ways to the host's files and sockets. */
export const mountRules: readonly Rule[] = [
  { at: "services.*.volumes.*?", code: "K1404", refuse: mountRefusal, hint: bindHint },
  {
    at: "services.*.use_api_socket",
    code: "K1404",
    refuse: unless(isOff, "use_api_socket hands the engine's socket to the container"),
    hint: "Leave it out; a container with the engine's socket has the host.",
  },
];

function mountRefusal(occurrence: Occurrence): string | null {
  const { value } = occurrence;
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

/** `SOURCE:TARGET[:OPTIONS]`, or `TARGET` alone for an anonymous volume (Compose specification, services/volumes). */
function shortMountRefusal(text: string, occurrence: Occurrence): string | null {
  const [source = "", target, options = ""] = text.split(":");
  if (target === undefined) {
    return text.includes("$")
      ? `the mount ${text} cannot be judged before its variables are filled in`
      : null;
  }
  if (isVolumeName(source)) return null;
  return (
    folderOrFileRefusal(source, occurrence.context) ??
    (options.split(",").some((option) => isShared(option)) ? sharedMessage : null)
  );
}

function bindRefusal(mount: { [key: string]: Json }, occurrence: Occurrence): string | null {
  const bind = mount["bind"];
  const propagation = isJsonObject(bind) ? (bind["propagation"] ?? null) : null;
  return (
    folderOrFileRefusal(mount["source"] ?? null, occurrence.context) ??
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

const sharedMessage = "a shared or slave propagation lets mounts of the host and the container meet";

function isShared(option: string): boolean {
  return /^r?(shared|slave)$/.test(option);
}

/** Two characters at least, as in the engine; anything else is taken for a path, as Compose does with `.`, `/`, `~`. */
function isVolumeName(text: string): boolean {
  return /^[a-zA-Z0-9][\w.-]+$/.test(text);
}
