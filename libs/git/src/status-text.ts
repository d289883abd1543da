/** A status as a ref has it. */
export interface StatusText {
  /** The commit that it speaks of; null when the ref does not say it. */
  commit: string | null;
  /** When the ref was last written, by the node's clock. */
  updatedAt: Date | null;
  /** Byte for byte; empty when the ref holds something else than a status. */
  json: string;
}

export const unreadable: StatusText = { commit: null, updatedAt: null, json: "" };

/** Four times what a status may have: more is none. */
export const maxStatusBytes = 256 * 1024;
