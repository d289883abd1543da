import type { Ownership } from "./observed-engine.ts";
import type { Problem } from "./problem.ts";
import type { SealedFile } from "./sealed-file.ts";

/** What the node's key and secrets file give to rooms that never see a plaintext. */
export interface NodeSecrets {
  /** Whether a secret (`<release>.<secret>`) can be filled in here; without a key (in CI) true, since that is not known. */
  hasValue: (name: string) => boolean;
  /** Whether its value is here, to fill it in; never without a key and values. */
  isKnown: (name: string) => boolean;
  /**
   * Takes up the values of files from Git, in place of those of the files before; the node's own file comes before them. The
   * problems of files that this node cannot open; none without a key.
   */
  openSealed: (files: readonly SealedFile[]) => Promise<Problem[]>;
  /** Hex HMAC by the node's key over a resource's id, for the owner label. */
  ownerOf: (resourceId: string) => string;
  /** Whose a resource is that carries this owner label (undefined: none). */
  ownershipOf: (resourceId: string, label: string | undefined) => Ownership;
  /** Digest of a content: SHA-256, or an HMAC of the filled content where secrets are inside. */
  digestContent: (content: Uint8Array, secrets: readonly string[]) => string;
  /** Hex HMAC of bytes by the node's key. */
  keyedDigest: (bytes: Uint8Array) => string;
  /** The content with its placeholders replaced. Throws K5002 when a value is missing. */
  fillSecrets: (content: Uint8Array) => Uint8Array;
  /** Why a process cannot be given this `NAME=value` with placeholders, to end a sentence; null when it can, or nobody knows. */
  findEnvironmentFault: (entry: string) => string | null;
  /** Whether a value needs no quoting in JSON or YAML, so that filling it in breaks no file; true when that is unknown. */
  isPlain: (name: string) => boolean;
  /** The text with `***` for every known value: what a container printed may hold one. */
  hideValues: (text: string) => string;
}
