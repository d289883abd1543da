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
  const { kind, value } = ask;
  const entry = isSwitch(ask) ? "true" : `[${scalar(value)}]`;
  const grant = `{ ${kind}: ${entry} }`;
  return {
    environment: `policy: { allow: { ${scalar(reference)}: ${grant} } }`,
    node: nodeLine(ask, grant),
  };
}

function nodeLine(ask: Ask, grant: string): string | null {
  if (ask.kind === "secretEnvironment") return null;
  if (ask.kind !== "paths") return `allow: ${grant}`;
  const [name, path] = ask.value.startsWith("/")
    ? [nameFor(ask.value), scalar(ask.value)]
    : [ask.value.split("/")[0] ?? "", "/…"];
  const readOnly = ask.readOnly === true ? ", readOnly: true" : "";
  return `allow: { paths: { ${name}: { path: ${path}${readOnly} } } }`;
}

/** A name for a path of the node, after its last segment. */
function nameFor(path: string): string {
  const last = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  return (
    last
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-+|-+$/g, "")
      .slice(0, 40) || "root"
  );
}

function isSwitch({ kind }: Ask): boolean {
  return kind === "engineSocket" || kind === "gpus" || kind === "privileged";
}

/** What is asked, in words. */
export function describeAsk(ask: Ask): string {
  const { kind, value, readOnly } = ask;
  if (kind === "paths") return `path ${value}${readOnly === true ? " (read-only)" : ""}`;
  return isSwitch(ask) ? words[kind] : `${words[kind]} ${value}`;
}

const words: Record<Ask["kind"], string> = {
  paths: "path",
  engineSocket: "the engine's socket",
  capabilities: "capability",
  devices: "device",
  gpus: "graphics processors",
  runtimes: "runtime",
  namespaces: "namespace of the host:",
  privileged: "every right on the host (privileged)",
  networks: "network",
  volumes: "volume",
  mounts: "mount",
  sysctls: "kernel setting",
  securityOptions: "security option",
  subnets: "subnet",
  loggingAddresses: "logs to",
  secretEnvironment: "secret variable",
};

/** A text as YAML takes it inside of brackets, quoted where it would be something else. */
function scalar(text: string): string {
  const isPlain =
    /^[A-Za-z_./][\w./=@-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text);
  return isPlain ? text : JSON.stringify(text);
}
