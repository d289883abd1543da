import { isJsonObject, type Json, type Problem } from "@keelson/model";

import { type Finding, problemAt } from "./compose-document.ts";
import { baseOf, servicesOf } from "./extends-chain.ts";
import type { Participant, PlainFile } from "./participants.ts";
import type { PlainValues } from "./plain-file.ts";
import { usesOf } from "./variables.ts";

/** Of what Compose will hold at a time, a fraction of what it needs for that. */
const maxCharacters = 8 * 1024 * 1024;

interface Material {
  variables: Readonly<Record<string, string>>;
  values: readonly (PlainValues & { plain: PlainFile })[];
}

/**
 * K1418 for small files of which Compose would make a large model: variables that are used again and again, services that
 * extend a long one, and files that are read for many services.
 */
export function findGrowth(participants: readonly Participant[], material: Material): Problem[] {
  const { variables } = material;
  const growth: Growth = { participants, variables, read: findRead(material), sizes: new Map() };
  let size = 0;
  for (const participant of participants) {
    const report = (path: readonly string[]) => [problemAt(participant.document, tooLarge(path))];
    size += filledSize(participant.document.root.value, variables);
    if (size > maxCharacters) return report([]);
    if (participant.role === "base") continue;
    for (const name of Object.keys(servicesOf(participant))) {
      size += sizeOf({ participant, name }, growth);
      if (size > maxCharacters) return report(["services", name]);
    }
  }
  return [];
}

function tooLarge(path: readonly string[]): Finding {
  return {
    code: "K1418",
    path,
    message: `the model that Compose would make grows to more than ${maxCharacters / 1024 / 1024} MiB here`,
    hint: "Use long variables, long services to extend and long files for services less often.",
  };
}

interface Growth {
  participants: readonly Participant[];
  variables: Material["variables"];
  /** Characters of the plain files, and of all of a service with its bases, by service. */
  read: ReadonlyMap<string, number>;
  sizes: Map<string, number>;
}

interface ServiceOf {
  participant: Participant;
  name: string;
}

/** Characters of a service with all that it extends, from the last base on. */
function sizeOf(service: ServiceOf, on: Growth): number {
  const chain: ServiceOf[] = [];
  let size = 0;
  for (let at: ServiceOf | null | "unknown" = service; at !== null && at !== "unknown";) {
    const known = on.sizes.get(keyOf(at));
    size = known ?? 0;
    if (known !== undefined) break;
    // Of a cycle, which is refused elsewhere, each is counted once.
    on.sizes.set(keyOf(at), 0);
    chain.push(at);
    const own = servicesOf(at.participant)[at.name];
    const base = isJsonObject(own) ? (own["extends"] ?? null) : null;
    at = baseOf(on.participants, { participant: at.participant, base });
  }
  for (const each of chain.toReversed()) {
    size += ownSize(each, on);
    on.sizes.set(keyOf(each), size);
  }
  return size;
}

function keyOf({ participant, name }: ServiceOf): string {
  return JSON.stringify([participant.document.file, name]);
}

function ownSize(service: ServiceOf, { variables, read }: Growth): number {
  const own = servicesOf(service.participant)[service.name] ?? null;
  return (read.get(keyOf(service)) ?? 0) + filledSize(own, variables);
}

/** Characters of the plain files of each service. */
function findRead({ values }: Material): Map<string, number> {
  const read = new Map<string, number>();
  for (const { plain, size } of values) {
    const key = JSON.stringify([plain.namedBy.document.file, plain.namedBy.path[1]]);
    read.set(key, (read.get(key) ?? 0) + size);
  }
  return read;
}

function filledSize(value: Json, variables: Readonly<Record<string, string>>): number {
  const text = JSON.stringify(value);
  const lengthOf = (name: string) => (Object.hasOwn(variables, name) ? (variables[name]?.length ?? 0) : 0);
  return usesOf(text).reduce((sum, name) => sum + lengthOf(name), text.length);
}
