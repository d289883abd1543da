import { type Ask, type Json, findOccurrences, isJsonObject, mapValues } from "@keelson/model";

import { deviceReaches } from "./device.ts";
import type { HostReach } from "./host-reach.ts";
import { kernelReaches } from "./kernel.ts";
import { loggingReaches } from "./logging.ts";
import { namespaceReaches } from "./namespace.ts";
import { networkDriverReaches } from "./network-driver.ts";
import { networkReaches } from "./network.ts";
import { pathReaches } from "./path.ts";
import { secretReaches } from "./secret-environment.ts";
import { securityReaches } from "./security-option.ts";
import { volumeReaches } from "./volume.ts";

/** Everything that a grant can permit. What is not here is either free or refused by the gate. */
export const hostReaches: readonly HostReach[] = [
  ...kernelReaches,
  ...securityReaches,
  ...namespaceReaches,
  ...deviceReaches,
  ...pathReaches,
  ...volumeReaches,
  ...networkReaches,
  ...networkDriverReaches,
  ...loggingReaches,
  ...secretReaches,
];

/** An ask, where it stands, and why it needs a grant. */
export interface Reached {
  ask: Ask;
  path: readonly string[];
  code: string;
  message: string;
}

/**
 * All that a document asks for. Of a file, values with variables are left out: they are judged in the model, after Compose
 * has filled them in.
 */
export function findReached(root: Json, { stage }: { stage: "file" | "model" }): Reached[] {
  return hostReaches.flatMap((reach) =>
    findOccurrences(reach.at, root).flatMap((occurrence) => {
      const { value, path } = occurrence;
      if (stage === "file" && hasVariable(value)) return [];
      const service = path[0] === "services" ? (path[1] ?? "") : "";
      return reach.asks({ ...occurrence, value: plain(value) }).map((asked) => ({
        ask: { ...asked, service },
        path,
        code: reach.code,
        message: reach.message(asked),
      }));
    }),
  );
}

function hasVariable(value: Json): boolean {
  return JSON.stringify(value).replaceAll("$$", "").includes("$");
}

/** Two dollar signs are one for Compose. */
function plain(value: Json): Json {
  if (typeof value === "string") return value.replaceAll("$$", "$");
  if (Array.isArray(value)) return value.map(plain);
  return isJsonObject(value) ? mapValues(value, plain) : value;
}
