import { type ComposeModel, type RecordState, emptyRecord } from "@keelson/model";
import type { MemoryPort } from "@keelson/reconcile";
import type { NodeRecord } from "@keelson/record";

/**
 * A memory that ends with the process. It reads through to the node's own memory, if there is one, and never writes
 * there.
 */
export function overlayMemory(
  below: MemoryPort | null,
): MemoryPort & Pick<NodeRecord, "rememberVolumes" | "noteLoss"> {
  const models = new Map<string, ComposeModel>();
  let volumes: RecordState["volumes"] = {};
  let loss: Pick<RecordState, "loss"> = {};
  return {
    readState: () => {
      const state = below?.readState() ?? emptyRecord;
      return { ...state, volumes: { ...volumes, ...state.volumes }, ...loss };
    },
    readComposeModel: (digest) => models.get(digest) ?? below?.readComposeModel(digest) ?? null,
    saveComposeModel: (digest, model) => {
      models.set(digest, model);
    },
    rememberVolumes: (more) => {
      volumes = { ...volumes, ...more };
    },
    noteLoss: (noted) => {
      loss = { loss: noted };
    },
  };
}
