import {
  type DesiredNode,
  type ObservedContainer,
  type ObservedInstanceFiles,
  type StoreFault,
  emptyRecord,
} from "@keelson/model";

import { describeApplied } from "./instance-order.ts";
import { planOf } from "./plan-fixture.ts";
import { emptyObserved, simulate } from "./simulate.ts";
import type { SimulatedNode } from "./simulated-node.ts";

/** A node that was brought to this desired state, and remembers it. */
export function applied(desired: DesiredNode): SimulatedNode {
  const before = { desired, observed: emptyObserved, record: emptyRecord };
  const after = simulate(before, planOf({ ...before, policy: { allow: "all" } }).operations);
  return {
    desired,
    ...after,
    record: {
      ...after.record,
      applied: {
        commit: "1111111",
        desiredDigest: desired.digest,
        lockDigest: desired.lockDigest,
        appliedAt: "2026-11-20T07:00:00Z",
        ...describeApplied(desired),
      },
    },
  };
}

/** The same node with something about it changed; the original stays as it is. */
export function changed(before: SimulatedNode, change: (copy: SimulatedNode) => void): SimulatedNode {
  const copy = structuredClone(before);
  change(copy);
  return copy;
}

/** Our container of a service, by `<project>/<service>`. */
export function containerOf({ observed }: SimulatedNode, name: string): ObservedContainer {
  const found = observed.containers.find(
    (each) => `${each.project}/${each.service}` === name && each.ownership === "ours",
  );
  if (found === undefined) throw new Error(`no container of ${name}`);
  return found;
}

/** After all of its plan. */
export function simulated(before: SimulatedNode): SimulatedNode {
  return { ...before, ...simulate(before, planOf(before).operations) };
}

/** A container that somebody made; with nothing said it carries no label that we know. */
export function container(name: string, fields: Partial<ObservedContainer> = {}): ObservedContainer {
  return {
    id: `id of ${name}`,
    name,
    ownership: "foreign",
    project: "",
    service: "",
    instance: "",
    digest: "",
    image: "other:1.0",
    imageId: "image of other:1.0",
    state: "running",
    health: "none",
    exitCode: 0,
    networks: [],
    binds: [],
    writableBinds: [],
    volumes: [],
    startedAt: "",
    ...fields,
  };
}

/** What an instance's files look like when they could not be seen, or not all that is beside them. */
export function unseen(hides: StoreFault["hides"]): Partial<ObservedInstanceFiles> {
  const code = hides === "files" ? "K4003" : "K4009";
  const fault = { hides, code, message: "it could not be seen", hint: "Look at it." };
  return hides === "files" ? { files: {}, others: [], applied: null, fault } : { fault };
}
