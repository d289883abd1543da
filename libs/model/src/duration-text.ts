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

/** A time span in the notation in which it is read, such as `1h30m`. */
export function formatDuration(ms: number): string {
  const parts: [number, string][] = [
    [Math.floor(ms / 3_600_000), "h"],
    [Math.floor(ms / 60_000) % 60, "m"],
    [Math.floor(ms / 1_000) % 60, "s"],
    [ms % 1_000, "ms"],
  ];
  return parts.map(([amount, unit]) => (amount === 0 ? "" : `${amount}${unit}`)).join("") || "0s";
}
