import { type ComposeInput, type Problem, hintFor, quote } from "@keelson/model";

import { servicesOf } from "./extends-chain.ts";
import type { Participant } from "./participant.ts";

/** K1442 for each image that the environment names for a service that the Compose files do not have. */
export function findUnknownImages(
  participants: readonly Participant[],
  { images }: Pick<ComposeInput, "images">,
): Problem[] {
  const known = participants
    .filter(({ role }) => role !== "base")
    .flatMap((participant) => Object.keys(servicesOf(participant)));
  return images
    .filter(({ service }) => !known.includes(service))
    .map(({ service, place }) => ({
      code: "K1442",
      ...place,
      message: `there is no service ${quote(service)} for this image`,
      hint: hintFor(service, { known, as: "services there" }) ?? "remove the entry",
    }));
}
