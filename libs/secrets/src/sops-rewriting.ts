import { KeelsonError, type SealedFile, stalled } from "@keelson/model";
import { isSeq, parseDocument } from "yaml";

/** Keys of other kinds than age, as SOPS names them. */
const otherKeys = ["kms", "gcp_kms", "azure_kv", "hc_vault", "hckms", "pgp"];

/**
 * K9092 for a file that would lose something if it were written anew here: keys of other kinds than age and, unless they are kept,
 * comments that SOPS has encrypted.
 */
export function requireOwnFormat(
  { sealed, text }: { sealed: Pick<SealedFile, "path" | "format">; text: string },
  { keepsComments = true }: { keepsComments?: boolean } = {},
): void {
  const kinds = sealed.format === "dotenv" ? kindsInDotenv(text) : kindsInYaml(text);
  const kind = otherKeys.find((each) => kinds(each));
  if (kind !== undefined) throw foreign(sealed.path, `it has keys of the kind ${kind}`);
  if (!keepsComments && /#\s*ENC\[AES256_GCM,.*,type:comment\]/.test(text))
    throw foreign(sealed.path, "its comments are encrypted with the data key");
}

type HasKind = (kind: string) => boolean;

function kindsInYaml(text: string): HasKind {
  const document = parseDocument(text);
  return (kind) => {
    const keys: unknown = document.getIn(["sops", kind]);
    return isSeq(keys) && keys.items.length > 0;
  };
}

function kindsInDotenv(text: string): HasKind {
  return (kind) => new RegExp(`^sops_${kind}__`, "m").test(text);
}

function foreign(path: string, because: string): KeelsonError {
  return new KeelsonError({
    code: "K9092",
    message: `${path} can only be changed with sops: ${because}`,
    hint: "Change it with sops set, sops updatekeys or sops rotate.",
    outcome: stalled,
  });
}
