import { type Json, type JsonObject, fillKnown, isJsonObject } from "@keelson/model";

import { textOf } from "./yaml-layer.ts";

/** The entries of `ports`, one for each port of the container: what stands twice is one. */
export function portsIn(ports: Json | undefined, variables: Readonly<Record<string, string>>): string[] {
  if (!Array.isArray(ports)) return [];
  return ports.flatMap((entry) => {
    const text = isJsonObject(entry) ? longForm(entry) : textOf(entry);
    return expand(fillKnown(text, variables) ?? text);
  });
}

function longForm({ host_ip: ip, published, target, protocol = "tcp" }: JsonObject): string {
  return `${[ip, published, target].map(textOf).join(":")}/${textOf(protocol)}`;
}

/** A range is several; one that is published as a range of the same length has them one by one. */
function expand(text: string): string[] {
  const [, published = "", from = "", to = from, protocol = "tcp"] =
    /^(?:(.*):)?(\d+)(?:-(\d+))?(?:\/(\w+))?$/.exec(text) ?? [];
  if (from === "") return [text];
  const ports = Math.min(Number(to) - Number(from) + 1, mostPorts);
  const host = published.replace(/^:+/, "");
  const [, before = "", first = "", last = ""] = /^(.*?)(\d+)-(\d+)$/.exec(host) ?? [];
  const isParallel = first !== "" && Number(last) - Number(first) + 1 === ports;
  return Array.from({ length: Math.max(ports, 1) }, (_, at) => {
    const outside = isParallel ? `${before}${Number(first) + at}` : host;
    return `${outside}:${Number(from) + at}/${protocol}`;
  });
}

/** There are no more. */
const mostPorts = 65_535;
