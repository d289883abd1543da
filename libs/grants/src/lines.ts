import type { Ask } from "@keelson/model";

/** The lines that would permit one ask, each valid YAML to copy. */
export interface GrantLines {
  /** Of environment.yaml. */
  environment: string;
  /** Of agent.yaml; null where the node need not permit it. */
  node: string | null;
}

/** The least that permits what a package asks, on both sides. */
export function linesFor(ask: Ask, reference: string): GrantLines {
  const grant = `{ ${ask.kind}: ${entryFor([ask])} }`;
  return {
    environment: `policy: { allow: { ${scalar(reference)}: ${grant} } }`,
    node: ask.kind === "secretEnvironment" ? null : nodeLineFor([ask]),
  };
}

/** The line of agent.yaml that permits all of this, and no more. */
export function nodeLineFor(asks: readonly Ask[]): string {
  const entries = [...Map.groupBy(asks, ({ kind }) => kind)].map(
    ([kind, own]) => `${kind}: ${kind === "paths" ? pathsFor(own) : entryFor(own)}`,
  );
  return `allow: { ${entries.join(", ")} }`;
}

function entryFor(asks: readonly Ask[]): string {
  const values = asks.map((ask) => (isSwitch(ask) ? "true" : scalar(ask.value)));
  return asks.every(isSwitch) ? "true" : `[${[...new Set(values)].join(", ")}]`;
}

/** A name stands for the whole folder. It is writable where any service writes it. */
function pathsFor(asks: readonly Ask[]): string {
  const permits = [...Map.groupBy(asks, ({ value }) => permittedAs(value))].map(([value, own]) => {
    const isAbsolute = value.startsWith("/");
    const readOnly = own.every((ask) => ask.readOnly === true) ? ", readOnly: true" : "";
    return `${isAbsolute ? nameFor(value) : value}: { path: ${isAbsolute ? scalar(value) : "/…"}${readOnly} }`;
  });
  return `{ ${permits.join(", ")} }`;
}

function permittedAs(value: string): string {
  return value.startsWith("/") ? value : (value.split("/")[0] ?? "");
}

/** A name for a path of the node, after its last segment. */
export function nameFor(path: string): string {
  const last = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  return (
    last
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-+|-+$/g, "")
      .slice(0, 40) || "root"
  );
}

export function isSwitch({ kind }: Pick<Ask, "kind">): boolean {
  return kind === "engineSocket" || kind === "gpus" || kind === "privileged";
}

/** What is asked, in words. */
export function describeAsk(ask: Ask): string {
  const { kind, value, readOnly } = ask;
  if (kind === "secretEnvironment")
    return `secret ${value} in its environment: whoever has the engine can read it`;
  if (kind === "paths") return `path ${value}${readOnly === true ? " (read-only)" : ""}`;
  return isSwitch(ask) ? words[kind] : `${words[kind]} ${value}`;
}

const words: Record<Exclude<Ask["kind"], "secretEnvironment">, string> = {
  paths: "path",
  engineSocket: "the engine's socket",
  capabilities: "capability",
  devices: "device",
  deviceRules: "devices by number:",
  gpus: "graphics processors",
  runtimes: "runtime",
  namespaces: "namespace:",
  privileged: "every right on the host (privileged)",
  networks: "network",
  volumes: "volume",
  mounts: "mount",
  sysctls: "kernel setting",
  securityOptions: "security option",
  subnets: "subnet",
  networkDrivers: "network driver",
  volumeDrivers: "volume driver",
  loggingAddresses: "logs to",
};

/** A text as YAML takes it inside of brackets, quoted where it would be something else. */
function scalar(text: string): string {
  const isPlain =
    /^[A-Za-z_./][\w./=@-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text);
  return isPlain ? text : JSON.stringify(text);
}
