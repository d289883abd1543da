import { numberOf, recordOf, textOf, textsOf, unordered } from "./fact.ts";

/** The engine knows capabilities by both names (`CAP_NET_ADMIN`, `NET_ADMIN`), in any case, and keeps what it was given. */
export function capability(name: string): string {
  return name.toUpperCase().replace(/^CAP_/, "");
}

/** `:` and `=` are one, and `no-new-privileges` alone is `true`. */
function securityOption(option: string): string {
  const [, name = option, value = ""] = /^([a-z-]+)[:=]([\s\S]*)$/.exec(option) ?? [];
  return name === "no-new-privileges"
    ? `${name}=${value || "true"}`
    : value === ""
      ? option
      : `${name}=${value}`;
}

/** A request for devices of a driver: how many, which, and what they can do. */
export function deviceRequest(request: unknown): unknown {
  const { driver, count, device_ids: ids, capabilities, options } = recordOf(request);
  return {
    driver: textOf(driver),
    count: numberOf(count),
    ids: unordered(textsOf(ids)),
    // Compose's `gpus` asks for a GPU without saying so.
    capabilities: unordered([...textsOf(capabilities), "gpu"]),
    options: recordOf(options),
  };
}

/** Engines write a working folder without a slash at its end, and none as the root. */
export function cleanFolder(path: string): string {
  const clean = path.replace(/\/+$/, "");
  return clean === "" ? "" : clean;
}

/** `SIGTERM`, `TERM` and `15` are one; engines before 24 fill in the default. */
export function signalOf(signal: string): string {
  const name = signal.toUpperCase().replace(/^SIG/, "");
  return name === "TERM" || name === "15" ? "" : name;
}

/** As `tmpfs` has them, from a mount of that type: sizes in bytes, a mode in octal digits. */
export function memoryOptions({ size, mode }: { size: string; mode: string }): string {
  return [
    size === "" || size === "0" ? "" : `size=${size}`,
    mode === "" || mode === "0" ? "" : `mode=${mode}`,
  ]
    .filter(Boolean)
    .join(",");
}

/** Options of security. The engine takes the confinement by labels from whatever it gives the host's processes or memory. */
export function securityOptions(
  options: readonly string[],
  { privileged, pid, ipc }: { privileged?: unknown; pid?: unknown; ipc?: unknown },
): string[] {
  const isUnlabelled = privileged === true || pid === "host" || ipc === "host";
  return unordered(options.map(securityOption)).filter((each) => !isUnlabelled || each !== "label=disable");
}

/** A port that a container exposes, with its protocol. */
export function exposedPort(port: string): string {
  return port.includes("/") ? port : `${port}/tcp`;
}

/** A folder or file of the host in a container. What is mounted below it comes with it unless told. */
export function bindFact({
  place,
  writing,
  propagation = "",
  selinux,
  recursive,
}: {
  place: string;
  writing: string;
  propagation?: string;
  selinux?: unknown;
  recursive?: unknown;
}): string {
  const how = [textOf(selinux), recursive === "enabled" ? "" : textOf(recursive)];
  return ["bind", place, writing, propagation || "rprivate", ...how].filter(Boolean).join(" ");
}
