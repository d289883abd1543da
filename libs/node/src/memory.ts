import { type ComposeModel, emptyRecord } from "@keelson/model";
import type { MemoryPort } from "@keelson/reconcile";

/** A memory that is forgotten with the process: over a node's own, which then is only read, or over nothing. */
export function overlayMemory(below: MemoryPort | null): MemoryPort {
  const models = new Map<string, ComposeModel>();
  return {
    readState: () => below?.readState() ?? emptyRecord,
    readComposeModel: (digest) => models.get(digest) ?? below?.readComposeModel(digest) ?? null,
    saveComposeModel: (digest, model) => {
      models.set(digest, model);
    },
  };
}
