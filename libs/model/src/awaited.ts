import type { PublishedPort } from "./desired.ts";

/** What a round could not do without, and what can be looked for without a round. */
export type Awaited =
  /** Something else has it, and it is to be free. */
  | ({ kind: "port" } & PublishedPort)
  /** It is to be there, whoever brings it. */
  | { kind: "image"; image: string }
  /** It stands in the way, and is to be gone. */
  | { kind: "network"; id: string; name: string }
  | { kind: "volume"; name: string }
  /** A container that holds a network, and is to have left it. */
  | { kind: "member"; networkId: string; network: string; container: string };
