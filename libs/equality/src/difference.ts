import { compareText } from "@keelson/model";

import type { ComparedContainer, ComparedService } from "./compared.ts";
import { desiredFacts } from "./desired-facts.ts";
import { observedFacts } from "./observed-facts.ts";

/**
 * Names of the fields in which a container is not what a service asks for, sorted; none when they are equal. Values are not in
 * it: they may be secret. Images are compared by their ids, by whoever calls.
 */
export function findDifferences(service: ComparedService, container: ComparedContainer): string[] {
  const desired = desiredFacts(service);
  const observed = observedFacts(container);
  const names = new Set([...desired.keys(), ...observed.keys()]);
  const isShown = (name: string) => container.defaults.keepsAnnotations || !name.startsWith("annotations.");
  return [...names]
    .filter((name) => desired.get(name) !== observed.get(name) && isShown(name))
    .sort(compareText);
}
