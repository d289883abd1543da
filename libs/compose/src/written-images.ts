import {
  type ComposeInput,
  type WrittenImage,
  fillKnown,
  isJsonObject,
  ownOf,
  variablesOf,
} from "@keelson/model";

import { servicesOf, withBases } from "./extends-chain.ts";
import { findParticipants } from "./participants.ts";

/** The images of all services of a package, whatever profiles are active, as far as its variables are given. Judges nothing. */
export function listImages(input: ComposeInput): WrittenImage[] {
  const { composeFiles } = findParticipants(input).participants;
  const found = new Map<string, WrittenImage>();
  for (const participant of composeFiles.filter(({ role }) => role !== "base")) {
    for (const name of Object.keys(servicesOf(participant))) {
      const written = imageOf(withBases(composeFiles, { participant, name }));
      // A later file is merged over those before it.
      if (written !== null) found.set(name, { ...written, service: name });
    }
  }
  return [...found.values()];
}

function imageOf(chain: ReturnType<typeof withBases>): Omit<WrittenImage, "service"> | null {
  for (const { participant, name } of chain) {
    const service = ownOf(servicesOf(participant), name);
    const text = isJsonObject(service) ? service["image"] : undefined;
    if (typeof text !== "string" || text === "") continue;
    const { variables, document } = participant;
    return {
      reference: fillKnown(text, variables),
      open: variablesOf(text).filter((each) => !Object.hasOwn(variables, each)),
      place: document.placeOf(["services", name, "image"]),
    };
  }
  return null;
}
