import { InvariantError, type Operation } from "@keelson/model";

import { type Dependency, type OperationKey, idOfKey } from "./operation-key.ts";

/** An operation before its place in the plan is known. */
export interface PlannedOperation {
  readonly key: OperationKey;
  readonly operation: OperationDraft;
  readonly after: readonly Dependency[];
  /** Of an operation that can be done in parts, what each of them waits for; together that is `after`. */
  readonly parts?: readonly PlannedPart[];
}

interface PlannedPart {
  readonly services: readonly string[];
  readonly after: readonly Dependency[];
}

export type OperationDraft = DistributiveOmit<Operation, "id" | "after" | "parts">;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/**
 * Each operation after all it depends on, otherwise in the order of the list; ids follow that order. Throws
 * `InvariantError` for a key that stands twice, and for a dependency that is not in the list and has to be.
 */
export function orderOperations(planned: readonly PlannedOperation[]): Operation[] {
  const numbers = new Map<string, number>();
  const above: Set<number>[] = [];
  const inParts = new Set<number>();
  const reduce = (after: Iterable<string>): Reduced => {
    const direct = [...after].flatMap((other) => numbers.get(other) ?? []).sort((a, b) => a - b);
    const indirect = new Set(direct.flatMap((number) => [...(above[number] ?? [])]));
    // What another one waits for already need not be said again.
    return { said: direct.filter((number) => !indirect.has(number)), all: new Set([...direct, ...indirect]) };
  };
  return sortNodes(readNodes(planned)).map(({ id, operation, after, parts }, index): Operation => {
    const reduced = parts.map(({ after: ofPart }) => reduce(ofPart));
    const [first = reduce(after), ...others] = reduced;
    numbers.set(id, index);
    if (parts.length > 1) inParts.add(index);
    // Who waits for one part of an operation knows nothing of what only the other parts wait for, nor of themselves.
    const common = [...first.all].filter(
      (number) => !inParts.has(number) && others.every(({ all }) => all.has(number)),
    );
    above[index] = new Set(common);
    const placed = {
      id: `#${index + 1}`,
      after: idsOf(new Set([first, ...others].flatMap(({ said }) => said))),
    };
    if (operation.kind !== "create-containers") return { ...operation, ...placed };
    const ofParts = parts.map(({ services }, part) => ({
      services: [...services],
      after: idsOf(reduced[part]?.said ?? []),
    }));
    return { ...operation, ...placed, parts: ofParts };
  });
}

/** Numbers of operations: those that have to be named, and all that must be done before. */
interface Reduced {
  said: readonly number[];
  all: ReadonlySet<number>;
}

function idsOf(numbers: Iterable<number>): string[] {
  return [...numbers].sort((a, b) => a - b).map((number) => `#${number + 1}`);
}

interface Node {
  id: string;
  operation: OperationDraft;
  /** Ids of nodes of the list. */
  after: ReadonlySet<string>;
  parts: readonly { services: readonly string[]; after: ReadonlySet<string> }[];
}

function readNodes(planned: readonly PlannedOperation[]): Node[] {
  const known = new Set<string>();
  for (const { key } of planned) {
    const id = idOfKey(key);
    if (known.has(id)) throw new InvariantError(`the operation ${id} is planned twice`);
    known.add(id);
  }
  const idsIn = (after: readonly Dependency[]) =>
    new Set(after.map(idOfKey).filter((other) => known.has(other)));
  return planned.map(({ key, operation, after, parts = [] }) => {
    const id = idOfKey(key);
    const absent = after.find((other) => other.isOptional !== true && !known.has(idOfKey(other)));
    if (absent !== undefined)
      throw new InvariantError(`the operation ${id} waits for ${idOfKey(absent)}, which is not planned`);
    const ofParts = parts.map(({ services, after: ofPart }) => ({ services, after: idsIn(ofPart) }));
    return { id, operation, after: idsIn(after), parts: ofParts };
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
