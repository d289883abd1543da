import type { Look } from "./look.ts";
import type { RoundSummary } from "./round-summary.ts";

/**
 * Takes note of deaths. Whether a round is needed for them: what the last round left running needs no look, which the engine
 * is slow to answer while it takes the dead from its networks.
 */
export function noteDeaths(
  look: Look,
  { died, report }: { died: ReadonlySet<string>; report: RoundSummary },
): boolean {
  const { seen, unrest } = look;
  const ran = [...died].filter((id) => report.containers?.[id]?.startsWith("running ") === true);
  if (ran.length === 0) return false;
  const names = ran.map((id) => seen?.get(id)?.name ?? id);
  unrest.note(names, performance.now());
  const dead = [...(seen ?? [])].filter(([id]) => died.has(id));
  look.seen = new Map([
    ...(seen ?? []),
    ...dead.map(([id, was]) => [id, { ...was, startedMs: null }] as const),
  ]);
  return true;
}
