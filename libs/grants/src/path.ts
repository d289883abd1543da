import { type Json, isJsonObject } from "@keelson/model";

import { isBelow, sourcePath } from "./host-path.ts";
import type { Asked, HostReach } from "./host-reach.ts";

/** K1404: files and folders of the host, and the engine's socket. */
export const pathReaches: readonly HostReach[] = [
  {
    at: "services.*.volumes.*?",
    code: "K1404",
    message: (asked) => `the bind reaches ${hostPathWords(asked)}`,
    asks: ({ value }) => {
      const bind = typeof value === "string" ? readShortBind(value) : readBind(value);
      return bind === null ? [] : askPath(bind.source, bind);
    },
  },
];

export function hostPathWords({ kind, value }: Asked): string {
  return kind === "engineSocket" ? "the engine's socket" : `${value} of the host`;
}

interface Bind {
  source: string;
  readOnly: boolean;
}

/** `SOURCE:TARGET[:OPTIONS]` (Compose specification, services/volumes). */
function readShortBind(text: string): Bind | null {
  const [source = "", target, options = ""] = text.split(":");
  if (!source.startsWith("/") || target === undefined) return null;
  const named = options.split(",");
  const writes = named.some((option) => option === "rw" || /^z$/i.test(option));
  return { source, readOnly: named.includes("ro") && !writes };
}

/** Labels of SELinux are written to the host's files, and mounts below a path stay writable where the bind says so. */
function readBind(mount: Json): Bind | null {
  if (!isJsonObject(mount) || mount["type"] !== "bind") return null;
  const source = mount["source"] ?? null;
  if (typeof source !== "string" || !source.startsWith("/")) return null;
  const options = mount["bind"] ?? null;
  const { selinux = null, recursive = null } = isJsonObject(options) ? options : {};
  const writes = (selinux !== null && selinux !== "") || recursive === "writable";
  return { source, readOnly: mount["read_only"] === true && !writes };
}

/** Hardly a container goes without them, and they say nothing but the time zone. */
const freeToRead = new Set(["/etc/localtime", "/etc/timezone"]);

/** Where engines and the runtimes below them listen: whoever talks to one of them is root. */
const runtimeSockets = ["/run", "/var/run"].flatMap((run) => [
  `${run}/docker.sock`,
  `${run}/containerd/containerd.sock`,
  `${run}/docker/containerd/containerd.sock`,
  `${run}/podman/podman.sock`,
  `${run}/crio/crio.sock`,
  // Of an engine without root, in the folder of its user.
  `${run}/user`,
]);
const engineSocket = /^(?:\/var)?\/run\/(?:user\/\d+\/)?docker\.sock$/;

export function askPath(source: string, { readOnly }: { readOnly: boolean }): Asked[] {
  const path = sourcePath(source);
  if (readOnly && freeToRead.has(path)) return [];
  // Read-only makes no difference to a socket.
  if (engineSocket.test(path)) return [{ kind: "engineSocket", value: "true" }];
  const asked: Asked = { kind: "paths", value: path, readOnly };
  return path.startsWith("/") && holdsSocket(path)
    ? [asked, { kind: "engineSocket", value: "true" }]
    : [asked];
}

function holdsSocket(path: string): boolean {
  return runtimeSockets.some((socket) => isBelow(socket, path)) || /^(?:\/var)?\/run\/user\/\d+$/.test(path);
}
