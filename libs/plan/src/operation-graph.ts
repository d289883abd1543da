import type { Operation } from "@keelson/model";

/** An operation before its place in the plan is known: `after` holds keys of other drafts. */
export type OperationDraft = DistributiveOmit<Operation, "id" | "after">;
type DistributiveOmit<T, K extends keyof Operation> = T extends unknown ? Omit<T, K> : never;

interface Entry {
  draft: OperationDraft;
  after: ReadonlySet<string>;
}

export interface OperationGraph {
  /** Adds an operation under a key; a key that is there already is left as it is. Keys that never come are no dependency. */
  add: (key: string, draft: OperationDraft, after: Iterable<string>) => void;
  has: (key: string) => boolean;
  keys: (prefix: string) => string[];
  build: () => Operation[];
}

export function newOperationGraph(): OperationGraph {
  const entries = new Map<string, Entry>();
  return {
    add(key, draft, after) {
      if (!entries.has(key)) entries.set(key, { draft, after: new Set(after) });
    },
    has: (key) => entries.has(key),
    keys: (prefix) => [...entries.keys()].filter((key) => key.startsWith(prefix)),
    build: () => numberOperations(entries),
  };
}

/** Each operation after all it depends on, otherwise in the order of adding; ids follow that order. */
function numberOperations(entries: ReadonlyMap<string, Entry>): Operation[] {
  const numbers = new Map<string, number>();
  const above: Set<number>[] = [];
  return sortEntries(entries).map(([key, { draft, after }], index): Operation => {
    const direct = [...after].flatMap((other) => numbers.get(other) ?? []).sort((a, b) => a - b);
    const indirect = new Set(direct.flatMap((number) => [...(above[number] ?? [])]));
    numbers.set(key, index);
    above[index] = new Set([...direct, ...indirect]);
    // What another one waits for already need not be said again.
    const said = direct.filter((number) => !indirect.has(number));
    return { ...draft, id: `#${index + 1}`, after: said.map((number) => `#${number + 1}`) };
  });
}

function sortEntries(entries: ReadonlyMap<string, Entry>): [string, Entry][] {
  const sorted: [string, Entry][] = [];
  const waiting = new Map(entries);
  const isReady = ([key, { after }]: [string, Entry]) =>
    [...after].every((other) => other === key || !waiting.has(other));
  for (;;) {
    const [first] = waiting;
    // Two things that wait for each other go in the order of adding: a plan never hangs on a cycle.
    const next = [...waiting].find(isReady) ?? first;
    if (next === undefined) return sorted;
    waiting.delete(next[0]);
    sorted.push(next);
  }
}
