import { compareText } from "@keelson/model";

import type { ComparedContainer, ComparedService } from "./compared.ts";
import { desiredFacts } from "./desired-facts.ts";
import { mayBeUnasked, withDefaults } from "./engine-default.ts";
import { observedFacts } from "./observed-facts.ts";

/**
 * Names of the fields in which a container is not what a service asks for, sorted; none when they are equal. Values are not in
 * it: they may be secret. Images are compared by their ids, by whoever calls.
 */
export function findDifferences(service: ComparedService, container: ComparedContainer): string[] {
  const { defaults, sameVariables = new Set() } = container;
  const same = new Set([...sameVariables].map((name) => `environment.${name}`));
  const desired = withDefaults(desiredFacts(service), defaults);
  const observed = observedFacts(container);
  const isCompared = (name: string) =>
    name.startsWith("annotations.")
      ? defaults.keepsAnnotations
      : desired.has(name) || !mayBeUnasked(name, { observed, defaults });
  return [...new Set([...desired.keys(), ...observed.keys()])]
    .filter((name) => desired.get(name) !== observed.get(name) && isCompared(name) && !same.has(name))
    .sort(compareText);
}
