import { KeelsonError, stalled } from "@keelson/model";
import { isSeq, parseDocument } from "yaml";

/** Keys of other kinds than age, as SOPS names them. */
const otherKeys = ["kms", "gcp_kms", "azure_kv", "hc_vault", "hckms", "pgp"];

/**
 * K9092 for a file that would lose something if it were written anew here: keys of other kinds than age and, unless they are kept,
 * comments that SOPS has encrypted.
 */
export function requireOwnFormat(
  { sealed: { path }, text }: { sealed: { path: string }; text: string },
  { keepsComments = true }: { keepsComments?: boolean } = {},
): void {
  const document = parseDocument(text);
  const kind = otherKeys.find((each) => {
    const keys: unknown = document.getIn(["sops", each]);
    return isSeq(keys) && keys.items.length > 0;
  });
  if (kind !== undefined) throw foreign(path, `it has keys of the kind ${kind}`);
  if (!keepsComments && /#\s*ENC\[AES256_GCM,.*,type:comment\]/.test(text))
    throw foreign(path, "its comments are encrypted with the data key");
}

function foreign(path: string, because: string): KeelsonError {
  return new KeelsonError({
    code: "K9092",
    message: `${path} can only be changed with sops: ${because}`,
    hint: "Change it with sops set, sops updatekeys or sops rotate.",
    outcome: stalled,
  });
}
