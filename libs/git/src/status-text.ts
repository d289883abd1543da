/** A status as text, as a ref has it. */
export interface StatusText {
  /** The commit that the status is about; null when the ref does not say it. */
  commit: string | null;
  /** When the ref was last written, by the node's clock; null when the ref does not say it. */
  updatedAt: Date | null;
  /** Byte for byte as published; empty when the ref holds something else than a status. */
  json: string;
}

export const unreadable: StatusText = { commit: null, updatedAt: null, json: "" };

/** Four times what Keelson lets a status have: anything larger is no status. */
export const maxStatusBytes = 256 * 1024;
