import { KeelsonError, digestBytes, stalled } from "@keelson/model";
import type { NodeSecrets } from "@keelson/model";

/**
 * Stands in where there is no node key, as in CI: digests of what holds a secret are `unknown:` and the SHA-256 of
 * the content with its placeholders, every secret is taken to have a value, nothing is ours, and filling throws K5002.
 */
export function closedSecrets(): NodeSecrets {
  const unknown = (bytes: Uint8Array) => `unknown:${digestBytes(bytes)}`;
  return {
    hasValue: () => true,
    isKnown: () => false,
    openSealed: async () => Promise.resolve([]),
    ownerOf: () => "",
    // Without the key no label can be shown to be ours, and what cannot be shown is never touched.
    ownershipOf: (_resourceId, label) => (label === undefined ? "foreign" : "forged"),
    digestContent: (content, secrets) => (secrets.length === 0 ? digestBytes(content) : unknown(content)),
    keyedDigest: unknown,
    fillSecrets: () => {
      throw new KeelsonError({
        code: "K5002",
        message: "secrets have no values here, because the node's key is missing",
        hint: "Place files on the node itself; without its key only plans and renderings with placeholders are possible.",
        outcome: stalled,
      });
    },
    findEnvironmentFault: () => null,
    isPlain: () => true,
    hideValues: (text) => text,
  };
}
