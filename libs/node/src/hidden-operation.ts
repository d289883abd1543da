import type { OperationContext, OperationPorts } from "@keelson/reconcile";

import { hideSecrets } from "./hidden-error.ts";

/** The operations, with secret values hidden in their errors and their progress. */
export function hideSecretsIn(
  operations: OperationPorts,
  hideValues: (text: string) => string,
): OperationPorts {
  const hide =
    (run: (operation: never, context: OperationContext) => Promise<void>) =>
    async (operation: never, context: OperationContext) => {
      const progress: OperationContext["progress"] = (message, share) =>
        context.progress(hideValues(message), share);
      try {
        await run(operation, { ...context, progress });
      } catch (error) {
        throw hideSecrets(error, hideValues);
      }
    };
  const hidden = Object.entries(operations).map(([kind, run]) => [kind, hide(run)]);
  // Each kind keeps its own function, but the compiler cannot follow that through the list.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.fromEntries(hidden) as OperationPorts;
}
