import { type Json, type JsonObject, hasInnerPathToken, isJsonObject, isOff } from "@keelson/model";

import { normalPath } from "./host-path.ts";
import { textOf } from "./kernel.ts";
import { askPath } from "./path.ts";
import type { Asked } from "./host-reach.ts";

/** What `driver_opts` of the local driver ask for, or why nothing can permit them. */
export type VolumeOptions = { asks: Asked[]; fault: null } | { asks: null; fault: string };

/** What the engine takes for more than an option of the filesystem: with these, another thing is mounted than is written. */
const mountFlags = /^(?:r?bind|remount|move|r?(?:shared|slave|private|unbindable))$/;

/** Options that say nothing of what is mounted (mount(8), nfs(5), mount.cifs(8)). */
const options: Record<string, RegExp> = {
  tmpfs: /^(?:size|mode|uid|gid|nr_inodes|nr_blocks)=[\w%]+$/,
  nfs: /^(?:(?:nfs)?vers|minorversion|proto|timeo|retrans|retry|rsize|wsize|sec|port|ac(?:reg|dir)?(?:min|max)|actimeo|namlen|nconnect|lookupcache|local_lock|clientaddr|addr)=[\w.:-]+$|^(?:hard|soft|softerr|intr|nointr|(?:no)?(?:lock|ac|cto|acl|rdirplus|resvport|fsc|sharecache)|tcp|udp|bg|fg)$/,
  cifs: /^(?:user(?:name)?|pass(?:word)?|dom(?:ain)?|vers|uid|gid|cruid|file_mode|dir_mode|sec|iocharset|cache|actimeo|rsize|wsize|port|echo_interval|addr)=[^,]*$|^(?:hard|soft|guest|seal|sign|noperm|nobrl|nolock|mfsymlinks|sfu|nodfs|mapposix|mapchars|(?:no)?(?:serverino|forceuid|forcegid|unix|persistenthandles))$/,
};
const everywhere =
  /^(?:rw|ro|defaults|sync|async|strictatime|(?:no)?(?:atime|diratime|relatime|exec|suid|dev))$/;

export function readVolumeOptions(value: Json): VolumeOptions {
  if (isOff(value) || !isJsonObject(value)) return { asks: [], fault: null };
  const foreign = Object.keys(value).find((key) => !["type", "o", "device", "size"].includes(key));
  if (foreign !== undefined) return refuse(`the driver option ${foreign} is not one that Keelson knows`);
  const given = { type: optionOf(value, "type"), device: optionOf(value, "device") };
  const named = optionOf(value, "o")
    .split(",")
    .filter((option) => option !== "");
  // The engine's own limit of a plain volume.
  if (given.type + given.device === "" && named.length === 0) return { asks: [], fault: null };
  if (named.some((option) => option === "bind" || option === "rbind")) return readBind(given.device, named);
  const flag = named.find((option) => mountFlags.test(option));
  if (flag !== undefined) return refuse(`the mount option ${flag} changes mounts of the host`);
  switch (given.type) {
    case "tmpfs":
      return unlessForeign(named, { type: "tmpfs", asks: [] });
    case "nfs":
    case "nfs4":
      return readShare({ ...given, named, type: "nfs", form: /^([^:/]*|\[[\da-f:]+\]):(\/.*)$/i });
    case "cifs":
    case "smb3":
      return readShare({ ...given, named, type: "cifs", form: /^\/\/([^/]+)(\/.*)$/ });
    default:
      return refuse(
        `a volume of type ${given.type === "" ? "(none)" : given.type} can mount anything of the host`,
      );
  }
}

function optionOf(options: JsonObject, key: string): string {
  const value = options[key] ?? "";
  return textOf(value);
}

/** The type does not count where the flag is set. */
function readBind(device: string, named: readonly string[]): VolumeOptions {
  const other = named.find((option) => !/^r?bind$/.test(option) && !everywhere.test(option));
  if (other !== undefined) return refuse(`the mount option ${other} is not one of a bind`);
  if (!device.startsWith("/")) return refuse(`the device ${device} of a bind is not an absolute path`);
  // The kernel gets it as it is, and follows a link before it climbs: only a path that does not climb means the same to both.
  if (device.split("/").includes("..")) return refuse(`the device ${device} climbs`);
  if (hasInnerPathToken(device))
    return refuse(`the device ${device} names a path of the node below another one`);
  const readOnly = named.includes("ro") && !named.includes("rw");
  return { asks: askPath(device, { readOnly }), fault: null };
}

interface Share {
  type: "nfs" | "cifs";
  device: string;
  named: readonly string[];
  form: RegExp;
}

/** The address counts, where there is one: the kernel connects to it, whatever host stands in the device. */
function readShare({ type, device, named, form }: Share): VolumeOptions {
  const [, host = "", path = ""] = form.exec(device) ?? [];
  if (path === "") return refuse(`the device ${device} is not a share of ${type}`);
  // The kernel takes it for a slash (cifs), behind what was compared.
  if (device.includes("\\")) return refuse(`the device ${device} has a backslash`);
  if (path.split("/").includes("..")) return refuse(`the device ${device} climbs`);
  const addresses = new Set(
    named.filter((option) => option.startsWith("addr=")).map((option) => option.slice(5)),
  );
  if (addresses.size > 1) return refuse("two addresses leave open what is mounted");
  const [address = host] = addresses;
  if (address === "") return refuse(`the device ${device} names no host, and o no addr=`);
  return unlessForeign(named, {
    type,
    asks: [{ kind: "mounts", value: mountOf(`${type}://${address}${path}`) }],
  });
}

function unlessForeign(
  named: readonly string[],
  { type, asks }: { type: "tmpfs" | "nfs" | "cifs"; asks: Asked[] },
): VolumeOptions {
  const other = named.find((option) => !everywhere.test(option) && options[type]?.test(option) !== true);
  return other === undefined
    ? { asks, fault: null }
    : refuse(`the mount option ${other.split("=")[0]} is not known`);
}

/** `nfs://host/path`, the host in lower case and without brackets. */
export function mountOf(text: string): string {
  const [, type = "", host = "", path = ""] = /^(\w+):\/\/([^/]*)(\/.*)?$/.exec(text) ?? [];
  if (type === "") return text;
  return `${type.toLowerCase()}://${host.toLowerCase().replace(/^\[(.*)\]$/, "$1")}${normalPath(path)}`;
}

function refuse(fault: string): VolumeOptions {
  return { asks: null, fault };
}
