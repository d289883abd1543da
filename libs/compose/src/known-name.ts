import { servicesOf, withBases } from "./extends-chain.ts";
import { isJsonObject, type Json } from "@keelson/model";
import type { Participants, PlainFile } from "./participant.ts";
import { keysOf } from "./plain-file.ts";

/**
 * The variables that Compose can fill into a file of variables, beside what the file itself sets above: for an `env_file`
 * those of the project, of the service's `environment`, and of the files before it; for the `.env` of an include those of
 * the file that includes; for a `label_file` none.
 */
export function knownTo(plain: PlainFile, participants: Participants): Set<string> {
  const { participant, path } = plain.namedBy;
  if (plain.kind === "label_file") return new Set();
  const before = participants.plainFiles.slice(0, participants.plainFiles.indexOf(plain));
  if (plain.kind === "dotenv") {
    const siblings = before.filter(
      ({ namedBy }) => namedBy.participant === participant && namedBy.path === path,
    );
    return new Set([...Object.keys(participant.variables), ...siblings.flatMap(keysOf)]);
  }
  const name = path[1] ?? "";
  const chain = [...withBases(participants.composeFiles, { participant, name })];
  const isOf = (other: PlainFile) =>
    other.kind === "env_file" &&
    chain.some(
      (each) => each.participant === other.namedBy.participant && each.name === other.namedBy.path[1],
    );
  return new Set([
    ...Object.keys(participants.variables),
    ...chain.flatMap((each) => environmentNames(servicesOf(each.participant)[each.name] ?? null)),
    ...before.filter(isOf).flatMap(keysOf),
  ]);
}

function environmentNames(service: Json): string[] {
  const environment = isJsonObject(service) ? (service["environment"] ?? null) : null;
  if (isJsonObject(environment)) return Object.keys(environment);
  if (!Array.isArray(environment)) return [];
  return environment.flatMap((entry) => (typeof entry === "string" ? (entry.split("=")[0] ?? []) : []));
}
