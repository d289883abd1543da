import { InvariantError, type Operation } from "@keelson/model";

import { type Dependency, type OperationKey, idOfKey } from "./operation-key.ts";

/** An operation before its place in the plan is known. */
export interface PlannedOperation {
  readonly key: OperationKey;
  readonly operation: OperationDraft;
  readonly after: readonly Dependency[];
}

export type OperationDraft = DistributiveOmit<Operation, "id" | "after">;
type DistributiveOmit<T, K extends keyof Operation> = T extends unknown ? Omit<T, K> : never;

/**
 * Each operation after all it depends on, otherwise in the order of the list; ids follow that order. Throws
 * `InvariantError` for a key that stands twice, and for a dependency that is not in the list and has to be.
 */
export function orderOperations(planned: readonly PlannedOperation[]): Operation[] {
  const numbers = new Map<string, number>();
  const above: Set<number>[] = [];
  return sortNodes(readNodes(planned)).map(({ id, operation, after }, index): Operation => {
    const direct = [...after].flatMap((other) => numbers.get(other) ?? []).sort((a, b) => a - b);
    const indirect = new Set<number>();
    // The last ones first: what is above them has its own above it already.
    for (const number of direct.toReversed()) {
      if (!indirect.has(number)) for (const each of above[number] ?? []) indirect.add(each);
    }
    numbers.set(id, index);
    above[index] = new Set([...direct, ...indirect]);
    // What another one waits for already need not be said again.
    const said = direct.filter((number) => !indirect.has(number));
    return { ...operation, id: `#${index + 1}`, after: said.map((number) => `#${number + 1}`) };
  });
}

interface Node {
  id: string;
  operation: OperationDraft;
  /** Ids of nodes of the list. */
  after: ReadonlySet<string>;
}

function readNodes(planned: readonly PlannedOperation[]): Node[] {
  const known = new Set<string>();
  for (const { key } of planned) {
    const id = idOfKey(key);
    if (known.has(id)) throw new InvariantError(`the operation ${id} is planned twice`);
    known.add(id);
  }
  return planned.map(({ key, operation, after }) => {
    const id = idOfKey(key);
    const absent = after.find((other) => other.isOptional !== true && !known.has(idOfKey(other)));
    if (absent !== undefined)
      throw new InvariantError(`the operation ${id} waits for ${idOfKey(absent)}, which is not planned`);
    return { id, operation, after: new Set(after.map(idOfKey).filter((other) => known.has(other))) };
  });
}

function sortNodes(nodes: readonly Node[]): Node[] {
  const sorted: Node[] = [];
  const waiting = new Map(nodes.map((node) => [node.id, node]));
  const isReady = ({ id, after }: Node) => [...after].every((other) => other === id || !waiting.has(other));
  for (;;) {
    const [first] = waiting.values();
    // Two things that wait for each other go in the order of the list: a plan never hangs on a cycle.
    const next = [...waiting.values()].find(isReady) ?? first;
    if (next === undefined) return sorted;
    waiting.delete(next.id);
    sorted.push(next);
  }
}
