import { type Json, isJsonObject, fillVariables } from "@keelson/model";

/** The size of a service after Compose has written it out. */
export interface Amount {
  /** Of text, with all that it extends and the files that it reads. */
  bytes: number;
  /** Published and exposed, ranges written out. */
  ports: number;
  containers: number;
}

type Variables = Readonly<Record<string, string>>;

/** The amounts in the service itself. What only Compose can tell counts as Infinity. */
export function amountOf(service: Json, variables: Variables): Amount {
  if (!isJsonObject(service)) return { bytes: 0, ports: 0, containers: 0 };
  const { deploy } = service;
  const replicas = isJsonObject(deploy) ? (deploy["replicas"] ?? null) : null;
  return {
    bytes: JSON.stringify(service).length,
    ports: countPorts(service["ports"], variables) + countPorts(service["expose"], variables),
    containers: Math.max(countOf(service["scale"] ?? null, variables), countOf(replicas, variables)),
  };
}

function countOf(value: Json, variables: Variables): number {
  if (value === null) return 1;
  const text = typeof value === "string" ? fillVariables(value, variables) : String(Number(value));
  // Compose itself refuses a text that is no number.
  return text === null ? Infinity : Number(text) || 1;
}

function countPorts(ports: Json | undefined, variables: Variables): number {
  if (!Array.isArray(ports)) return 0;
  return ports.reduce<number>((count, port) => count + countRange(port, variables), 0);
}

/** A range of the host's ports alone is one port, which the engine chooses; a range of the container's is written out. */
function countRange(port: Json, variables: Variables): number {
  if (typeof port !== "string") return 1;
  const text = fillVariables(port, variables);
  if (text === null) return Infinity;
  // Whatever stands behind a slash, nothing too, is a protocol for Compose.
  const [ports = ""] = text.split("/");
  const ofContainer = ports.slice(ports.lastIndexOf(":") + 1).trim();
  const [, first, last] = /^(\d+)-(\d+)$/.exec(ofContainer) ?? [];
  return first === undefined ? 1 : Math.max(1, Number(last) - Number(first) + 1);
}
