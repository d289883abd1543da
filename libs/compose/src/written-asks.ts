import { findReached } from "@keelson/grants";
import { type Ask, type ComposeInput, digestValue } from "@keelson/model";

import { findParticipants } from "./participants.ts";

/** What the Compose files of a package ask of the host as they are written, whoever grants it; each once. */
export function listAsks(input: ComposeInput): Ask[] {
  const { participants } = findParticipants(input);
  const asks = participants.composeFiles.flatMap(({ document }) =>
    findReached(document.root.value, { stage: "file" }).map(({ ask }) => ask),
  );
  return [...new Map(asks.map((ask) => [digestValue(ask), ask])).values()];
}
