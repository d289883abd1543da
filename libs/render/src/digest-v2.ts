import { type ComposeService, digestValue } from "@keelson/model";

import type { DigestAlgorithm, DigestInput } from "./digest-algorithm.ts";
import { withoutEmpty } from "./meaning.ts";

/** What a service keeps out of its digest, or has a part of its own for: order and number are planned, not made. */
const notOfTheContainer = new Set([
  "depends_on",
  "profiles",
  "develop",
  "scale",
  "deploy",
  "image",
  "networks",
  "volumes",
  "secrets",
  "configs",
]);

export const digestV2: DigestAlgorithm = { name: "v2", digestParts };

/**
 * What the container is made of, each part with its own digest, so that a plan can name what changed.
 * Binds count by layout and source; the content of `recreate` files counts, that of live files does not.
 */
function digestParts(input: DigestInput): Record<string, string> {
  const { name, service } = input;
  const parts: Record<string, string> = { image: service.image };
  const add = (key: string, value: unknown) => {
    const meant = withoutEmpty(value);
    if (meant !== undefined) parts[key] = digestValue(meant);
  };
  for (const [key, value] of Object.entries(service)) if (!notOfTheContainer.has(key)) add(key, value);
  add("deploy", { ...service.deploy, replicas: null });
  if (service.volumes?.length) add("volumes", service.volumes.map(describeMount(input)));
  for (const kind of ["secrets", "configs"] as const) {
    const used = (service[kind] ?? []).map((use) => [
      use,
      boundPlace(input.model[kind][use.source]?.["file"], input),
    ]);
    if (used.length > 0) add(kind, used);
  }
  // How a network is made does not count: a container can be connected to another one of its name.
  const networks = Object.entries(service.networks ?? {}).map(([key, use]) => {
    const { name } = input.networks.get(key) ?? { name: key };
    return [name, { name, use }] as const;
  });
  add("networks", Object.fromEntries(networks));
  for (const mount of input.mounts) {
    if (mount.layout !== "content" || !mount.services.includes(name)) continue;
    for (const file of mount.files) parts[`file ${file.to}`] = file.digest;
  }
  return parts;
}

function describeMount(input: DigestInput) {
  return (mount: NonNullable<ComposeService["volumes"]>[number]) => ({
    ...mount,
    source:
      mount.type === "bind"
        ? boundPlace(mount.source, input)
        : (input.volumes.get(mount.source ?? "")?.name ?? mount.source),
  });
}

/** Where a bound file lies, but for its content: another layout is another path, and so is a writable one. */
function boundPlace(source: unknown, { mounts }: DigestInput): string {
  const { layout = "content", writable = false } = mounts.find((mount) => mount.source === source) ?? {};
  return `${writable ? "writable " : ""}${layout}:${String(source)}`;
}
