import type { Poller } from "./poller.ts";
import type { RoundSummary } from "./round-summary.ts";

/**
 * Notes the containers that died. Returns whether that triggers a round: it does when the last round left one of them
 * running. No poll is needed then. The engine would be slow to answer it while it takes the dead off their networks.
 */
export function noteDeaths(
  poller: Poller,
  { died, summary }: { died: ReadonlySet<string>; summary: RoundSummary },
): boolean {
  const { seen, backoff } = poller;
  const ran = [...died].filter((id) => summary.containers?.[id]?.startsWith("running ") === true);
  if (ran.length === 0) return false;
  const names = ran.map((id) => seen?.get(id)?.name ?? id);
  backoff.noteChanges(names, performance.now());
  const dead = [...(seen ?? [])].filter(([id]) => died.has(id));
  poller.seen = new Map([
    ...(seen ?? []),
    ...dead.map(([id, was]) => [id, { ...was, startedMs: null }] as const),
  ]);
  return true;
}
