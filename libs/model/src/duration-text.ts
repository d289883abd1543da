const unitsMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export const durationPattern = /^(?:\d+(?:ms|s|m|h|d))+$/;

/** Whether a text is a time span in Compose's notation: `90s`, `1m30s`, `2h`. */
export function isDuration(text: string): boolean {
  return durationPattern.test(text);
}

/** Milliseconds of a `Duration`; fractions as Compose prints them (`1.5s`) are read too. */
export function parseDurationMs(text: string): number {
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|us|µs|ns|s|m|h|d)/g)) {
    totalMs += Number(amount) * (unitsMs[unit ?? ""] ?? 0);
  }
  return Math.round(totalMs);
}
