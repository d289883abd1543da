import type { Operation } from "@keelson/model";

/** An operation before its place in the plan is known: `after` holds keys of other drafts. */
export type OperationDraft = DistributiveOmit<Operation, "id" | "after">;
type DistributiveOmit<T, K extends keyof Operation> = T extends unknown ? Omit<T, K> : never;

export interface OperationGraph {
  /** Adds an operation under a key; a key that is there already is left as it is. Keys that never come are no dependency. */
  add: (key: string, draft: OperationDraft, after: Iterable<string>) => void;
  has: (key: string) => boolean;
  keys: (prefix: string) => string[];
  build: () => Operation[];
}

export function newOperationGraph(): OperationGraph {
  const drafts = new Map<string, { draft: OperationDraft; after: Set<string> }>();
  return {
    add(key, draft, after) {
      if (!drafts.has(key)) drafts.set(key, { draft, after: new Set(after) });
    },
    has: (key) => drafts.has(key),
    keys: (prefix) => [...drafts.keys()].filter((key) => key.startsWith(prefix)),
    build: () => number(drafts),
  };
}

/** Each operation after all it depends on, otherwise in the order of adding; ids follow that order. */
function number(
  drafts: ReadonlyMap<string, { draft: OperationDraft; after: ReadonlySet<string> }>,
): Operation[] {
  const ids = new Map<string, string>();
  const operations: Operation[] = [];
  let waiting = [...drafts.keys()];
  while (waiting.length > 0) {
    const isReady = (key: string) =>
      [...(drafts.get(key)?.after ?? [])].every(
        (other) => other === key || ids.has(other) || !drafts.has(other),
      );
    // Two things that wait for each other go in the order of adding: a plan never hangs on a cycle.
    const next = waiting.find(isReady) ?? waiting[0] ?? "";
    const entry = drafts.get(next);
    if (entry === undefined) break;
    const id = `#${ids.size + 1}`;
    const after = [...entry.after]
      .flatMap((key) => ids.get(key) ?? [])
      .sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
    operations.push({ ...entry.draft, id, after } as Operation);
    ids.set(next, id);
    waiting = waiting.filter((key) => key !== next);
  }
  return operations;
}
