/** A line of the bench's table. */
export interface Row {
  case: string;
  /** How many services or nodes it is about; null where that does not matter. */
  services: number | null;
  keelson: number;
  /** What a user would use instead, in the same run; null where there is nothing. */
  reference: number | null;
  /** keelson / reference; null where that says nothing. */
  ratio: number | null;
  unit: "ms" | "s" | "MiB" | "count";
  /** The most that the ratio may be, or what we have where there is no ratio; null: only reported. */
  limit: number | null;
}

export type RowInput = Omit<Row, "ratio" | "reference"> & { reference?: number; isAbsolute?: boolean };

/** Rounds to what can be read; `isAbsolute` is for what is compared with a limit of its own and not by a ratio. */
export function makeRow({ isAbsolute = false, reference, ...row }: RowInput): Row {
  const hasRatio = !isAbsolute && reference !== undefined && reference > 0;
  return {
    ...row,
    keelson: round(row.keelson),
    reference: reference === undefined ? null : round(reference),
    ratio: hasRatio ? round(row.keelson / reference) : null,
  };
}

export function isMissed({ keelson, ratio, limit }: Row): boolean {
  return limit !== null && (ratio ?? keelson) > limit;
}

/** Three figures say all that a run can tell. */
function round(value: number): number {
  return Number(value.toPrecision(3));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = NaN, high = NaN] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (low + high) / 2;
}

/** Milliseconds that a task takes. */
export async function timeMs(task: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await task();
  return performance.now() - startedMs;
}

/** Medians of what two tasks return, which take turns, so that what else the machine does hits both. */
export async function alternate(
  runs: number,
  tasks: { keelson: () => Promise<number>; reference: () => Promise<number> },
): Promise<{ keelson: number; reference: number }> {
  const keelson: number[] = [];
  const reference: number[] = [];
  for (let run = 0; run < runs; run++) {
    keelson.push(await tasks.keelson());
    reference.push(await tasks.reference());
  }
  return { keelson: median(keelson), reference: median(reference) };
}
