import { findReached, isGranted } from "@keelson/grants";
import type { ComposeInput, ComposeModel, ComposeResolution, Json } from "@keelson/model";

import type { DesiredPorts } from "./ports.ts";
import { digestInput } from "./resolve-models.ts";

/**
 * Ports with which Compose resolves the same files once, whatever is granted: under all grants, and with fewer the answer is judged
 * again. So what is tried with several proposals of grants costs one process for each folder. `onResolved` is called for each.
 */
export function resolvedOnce(ports: DesiredPorts, onResolved: (input: ComposeInput) => void): DesiredPorts {
  const answers = new Map<string, Promise<ComposeResolution>>();
  const resolveOpen = async (input: ComposeInput) => {
    const digest = digestInput(input);
    const known = answers.get(digest);
    if (known !== undefined) return await known;
    const answer = ports.resolveCompose(input);
    answers.set(digest, answer);
    try {
      const resolution = await answer;
      onResolved(input);
      return resolution;
    } catch (error) {
      // It may be another time.
      answers.delete(digest);
      throw error;
    }
  };
  return {
    ...ports,
    resolveCompose: async (input) => {
      const open = await resolveOpen({ ...input, allow: "all" });
      if (input.allow === "all") return open;
      const problems = ports.gateCompose(input);
      if (problems.length > 0) return { ...open, model: null, problems };
      if (open.model === null) return open;
      // What a model alone asks for is told with its place by Compose's room.
      return isAllGranted(open.model, input) ? open : await ports.resolveCompose(input);
    },
  };
}

function isAllGranted(model: ComposeModel, { allow }: ComposeInput): boolean {
  const root: Json = JSON.parse(JSON.stringify(model));
  return findReached(root, { stage: "model" }).every(({ ask }) => isGranted(ask, allow));
}
