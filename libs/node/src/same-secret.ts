import { type NodeSecrets, type SameSecret, type SecretToCompare, secretsIn } from "@keelson/model";

/**
 * Which variables of containers hold the secrets that they are to hold. Values are compared in memory and go no further. One
 * that this node does not know is not the same.
 */
export function findSameSecrets(
  compared: readonly SecretToCompare[],
  { isKnown, fillSecrets }: Pick<NodeSecrets, "isKnown" | "fillSecrets">,
): SameSecret[] {
  return compared
    .filter(({ wanted }) => secretsIn(wanted).every(isKnown))
    .filter(({ wanted, found }) => Buffer.from(found).equals(fillSecrets(Buffer.from(wanted))))
    .map(({ container, variable }) => ({ container, variable }));
}
