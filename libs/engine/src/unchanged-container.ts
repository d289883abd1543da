import { KeelsonError, type OperationOf, transient } from "@keelson/model";

import { fingerprintOf } from "./adoptable-container.ts";
import type { EngineContext } from "./context.ts";
import { inspectContainer } from "./observed-container.ts";

/**
 * Throws K3087 where a container is not any more what it was when it was compared: somebody else is at work there. What it
 * would stand for is decided anew by the next round.
 */
export async function requireUnchanged(
  { engine, signal }: Pick<EngineContext, "engine" | "signal">,
  { containers }: Pick<OperationOf<"adopt-project">, "containers">,
): Promise<void> {
  for (const { id, name, fingerprint } of containers) {
    const info = await inspectContainer(engine, { id, signal });
    if (info !== null && fingerprintOf(info) === fingerprint) continue;
    throw new KeelsonError({
      code: "K3087",
      message: `container ${name} was ${info === null ? "removed" : "changed"} while it was to be adopted`,
      hint: "Nothing was taken over. The next round looks at it again.",
      outcome: transient,
    });
  }
}
