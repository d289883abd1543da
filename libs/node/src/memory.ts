import { type ComposeModel, emptyRecord } from "@keelson/model";
import type { MemoryPort } from "@keelson/reconcile";

/**
 * A memory that ends with the process. It reads through to the node's own memory, if there is one, and never writes
 * there.
 */
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
