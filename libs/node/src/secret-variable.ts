import type { NodeSecrets } from "@keelson/model";

/** The values of variables that stand for secrets, by the placeholders of those. Throws K5002 when one has no value. */
export function fillVariables(
  placeholders: ReadonlyMap<string, string>,
  { fillSecrets }: Pick<NodeSecrets, "fillSecrets">,
): Record<string, string> {
  return Object.fromEntries(
    [...placeholders].map(([variable, placeholder]) => [
      variable,
      Buffer.from(fillSecrets(Buffer.from(placeholder))).toString("utf8"),
    ]),
  );
}
