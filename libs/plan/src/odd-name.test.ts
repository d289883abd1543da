import * as fc from "fast-check";
import { expect, test } from "vitest";

import { type InstanceSketch, node } from "./desired-fixture.ts";
import { applied } from "./node-fixture.ts";
import { planText } from "./plan-fixture.ts";
import type { SimulatedNode } from "./simulated-node.ts";

const plain = { instance: "i0", service: "s0", volume: "v0", network: "n0", image: "m0", folder: "f0" };
type Names = typeof plain;

/** What every object answers to, in what Compose and Keelson take for a name. */
const odd = fc.constantFrom("constructor", "toString", "hasOwnProperty", "__proto__", "valueOf");
const anyNames: fc.Arbitrary<Names> = fc.record({
  // `constructor` is no instance's name.
  instance: fc.constant("i1"),
  service: odd,
  volume: odd,
  // A whole name to the sketch, with its underscores.
  network: odd.filter((name) => name !== "__proto__"),
  image: fc.constantFrom("constructor", "m1"),
  folder: odd,
});

function sketch(names: Names, change: Partial<InstanceSketch> = {}): Record<string, InstanceSketch> {
  const { service, volume, network, image, folder } = names;
  return {
    [names.instance]: {
      services: { [service]: { image, volumes: [volume], networks: [network] } },
      volumes: { [volume]: "data" },
      networks: { [network]: "bridge" },
      folders: [{ source: folder, services: [service], files: { [service]: "1" } }],
      mounts: [{ services: [service], files: [{ to: `conf/${service}`, onChange: "restart" }] }],
      ...change,
    },
  };
}

/** All that becomes of a node: made, left alone, changed, made empty, and without it. */
function fate(names: Names): string {
  const nothing = applied(node({}));
  const made = applied(node(sketch(names)));
  const wanting = (instances: Record<string, InstanceSketch>): SimulatedNode => ({
    ...made,
    desired: node(instances),
  });
  const { instance, service } = names;
  return [
    planText({ ...nothing, desired: node(sketch(names)) }),
    planText(made),
    planText(wanting(sketch(names, { services: { [service]: { image: `${names.image}:2` } }, volumes: {} }))),
    planText(wanting(sketch(names, { state: "installed" }))),
    planText(wanting({})),
    planText({ ...wanting(sketch(names)), observed: { ...made.observed, volumes: [], containers: [] } }),
    planText(
      wanting({ other: { package: instance, was: instance, ...sketch(names)[instance], services: {} } }),
    ),
  ].join("\n");
}

test("names that every object answers to are names like any others", () => {
  fc.assert(
    fc.property(anyNames, (names) => {
      // One after the other: no plain name is part of another word.
      const expected = Object.entries(plain).reduce((text, [key, name]) => {
        return text.replaceAll(
          new RegExp(`\\b${name}(?=\\b|_)|(?<=_)${name}\\b`, "g"),
          Object.entries(names).find(([other]) => other === key)?.[1] ?? "",
        );
      }, fate(plain));
      expect(fate(names)).toBe(expected);
    }),
    { numRuns: 60 },
  );
});
