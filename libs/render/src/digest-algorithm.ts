import type { ComposeModel, ComposeService, DesiredMount } from "@keelson/model";

/** All that a service digest may be made of. */
export interface DigestInput {
  name: string;
  service: ComposeService;
  model: ComposeModel;
  mounts: readonly DesiredMount[];
  /** Engine names and definition digests by the key in the Compose file. */
  networks: ReadonlyMap<string, { name: string; digest: string }>;
  volumes: ReadonlyMap<string, { name: string; digest: string }>;
}

/** What counts in a service digest. One that was released never changes: another one is put before it. */
export interface DigestAlgorithm {
  /** Records keep it, so it is never used for another. */
  name: string;
  /** What the container is made of, by part: hex digests, the image in clear. */
  digestParts: (input: DigestInput) => Record<string, string>;
}
