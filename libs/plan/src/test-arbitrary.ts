import * as fc from "fast-check";

import { node } from "./desired-fixture.ts";
import { applied, changed } from "./node-fixture.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { anyDesired } from "./test-desired.ts";
import { anyAccident, anyStranger } from "./test-happening.ts";

/**
 * A node on which one desired state was applied, to which things happened, and that is to have another one. Unless told,
 * the other one may leave data behind.
 */
export function anyNode(has: { strangers: boolean; renew?: number }): fc.Arbitrary<SimulatedNode> {
  const { renew = 1 } = has;
  return fc
    .record({
      before: anyDesired(),
      desired: anyDesired().map((instances) =>
        Object.fromEntries(Object.entries(instances).map(([name, sketch]) => [name, { ...sketch, renew }])),
      ),
      accidents: fc.array(anyAccident(), { maxLength: 5 }),
      strangers: has.strangers ? fc.array(anyStranger(), { maxLength: 3 }) : fc.constant([]),
    })
    .map(({ before, desired, accidents, strangers }) => {
      const happened = [...accidents, ...strangers].reduce(changed, applied(node(before)));
      return { ...happened, desired: node(desired) };
    });
}
