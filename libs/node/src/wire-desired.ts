import {
  clearWorkspaces,
  gateCompose,
  listImages,
  readComposeVersion,
  resolveCompose,
} from "@keelson/compose";
import type { Emit } from "@keelson/model";
import type { DesiredPorts } from "@keelson/reconcile";
import { closedSecrets } from "@keelson/secrets";

import { overlayMemory } from "./memory.ts";

export interface WireInput {
  emit: Emit;
}

/** Ports for a walk to the desired state of any node, without an engine. Secrets are closed; nothing is remembered. */
export function wireDesired(
  input: WireInput & { composeBinary: string; composeFolder?: string; requireCompose?: () => Promise<void> },
): DesiredPorts {
  const { composeBinary, composeFolder, requireCompose = newComposeCheck(composeBinary) } = input;
  let cleared: Promise<void> | undefined;
  return {
    ...input,
    gateCompose,
    listImages,
    resolveCompose: async (compose) => {
      // Only the round with the lock uses this folder, so what is there was left by a kill.
      if (composeFolder !== undefined) await (cleared ??= clearWorkspaces(composeFolder));
      const folder = composeFolder === undefined ? {} : { folder: composeFolder };
      // At the same time, since each is a process. The answer of an unfit Compose is not used.
      const [fit, model] = await Promise.allSettled([
        requireCompose(),
        resolveCompose(compose, { composeBinary, ...folder }),
      ]);
      if (fit.status === "rejected") throw fit.reason;
      if (model.status === "rejected") throw model.reason;
      return model.value;
    },
    secrets: closedSecrets(),
    record: overlayMemory(null),
  };
}

/** Checks Compose's version once, and only when Compose is needed: a round with nothing to do starts no process. */
export function newComposeCheck(composeBinary: string): () => Promise<void> {
  let version: Promise<string> | undefined;
  return async () => void (await (version ??= readComposeVersion(composeBinary)));
}
