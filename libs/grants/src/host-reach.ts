import type { Ask, Occurrence } from "@keelson/model";

/** What is asked for at one place, before it is known for which service. */
export type Asked = Pick<Ask, "kind" | "value" | "readOnly">;

/** A place of a Compose file by which a container can reach the host, where a grant permits it. */
export interface HostReach {
  /** As `findOccurrences` takes it. */
  at: string;
  /** Of the problem, where it is not granted. */
  code: string;
  /** What it reaches. */
  message: (asked: Asked) => string;
  /** Nothing for a value that is free, and for one that nothing can permit: that is refused by the gate. */
  asks: (occurrence: Occurrence) => Asked[];
}
