import {
  type ComposeInput,
  type Json,
  type Problem,
  type SourceFile,
  decodeText,
  fillKnown,
  hintFor,
  isJsonObject,
  quote,
  statementsOf,
  ownOf,
} from "@keelson/model";

import { servicesOf } from "./extends-chain.ts";
import type { Participant } from "./participant.ts";

/**
 * K1334 for each active profile that no service has: for what the environment says (`said`), and for what `.env` does (`written`),
 * which Compose itself takes in silence. None where the profile of a service is not known.
 */
export function findUnknownProfiles(
  participants: readonly Participant[],
  { profiles, profilePlaces, dotenv }: Pick<ComposeInput, "profiles" | "profilePlaces" | "dotenv">,
): { said: Problem[]; written: Problem[] } {
  const known = participants.flatMap(profilesIn);
  if (profiles.length === 0 || known.includes(null)) return { said: [], written: [] };
  const names = [...new Set(known.flatMap((name) => name ?? []))];
  const unknown = profiles.filter((name) => name !== "*" && !names.includes(name));
  const report = (name: string) => ({
    code: "K1334",
    message: `no service has the profile ${quote(name)}`,
    hint: hintFor(name, { known: names, as: "profiles of its services" }) ?? "Take it away.",
  });
  return {
    said: unknown.flatMap((name) => {
      const place = ownOf(profilePlaces, name);
      return place === undefined ? [] : [{ ...report(name), ...place }];
    }),
    written: unknown.flatMap((name) =>
      dotenv === null || ownOf(profilePlaces, name) !== undefined
        ? []
        : [{ ...report(name), ...lineOf(dotenv) }],
    ),
  };
}

/** Null for one that cannot be told. */
function profilesIn(participant: Participant): (string | null)[] {
  return Object.values(servicesOf(participant)).flatMap((service) => {
    const own: Json = isJsonObject(service) ? (service["profiles"] ?? null) : null;
    if (!Array.isArray(own)) return [];
    return own.map((name) =>
      typeof name === "string" ? fillKnown(name, participant.variables) || null : null,
    );
  });
}

function lineOf({
  path,
  bytes,
}: SourceFile): Pick<Problem, "file" | "line" | "column" | "path" | "sourceLine"> {
  const text = decodeText(bytes);
  const name = "COMPOSE_PROFILES";
  const line = [...statementsOf(text)].findLast(({ key }) => key === name)?.line ?? 1;
  const sourceLine = (text.split("\n")[line - 1] ?? "").replace(/\r$/, "");
  return { file: path, line, column: 1, path: name, sourceLine };
}
