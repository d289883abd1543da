import type { DatabaseSync } from "node:sqlite";
import type { RecordState } from "@keelson/model";

import { readNames } from "./memory-text.ts";

/** The commit of the last round that did something after the last apply; without one, the applied commit. */
export function readAttempted(
  database: DatabaseSync,
  { applied, roundId }: { applied: RecordState["applied"]; roundId: unknown },
): string | null {
  const round = database
    .prepare("SELECT id, commit_id, started_at FROM rounds ORDER BY id DESC LIMIT 1")
    .get();
  if (round === undefined) return applied?.commit ?? null;
  if (applied === null) return String(round["commit_id"]);
  const isLater =
    roundId === null
      ? String(round["started_at"]) > applied.appliedAt
      : Number(round["id"]) > Number(roundId);
  return isLater ? String(round["commit_id"]) : applied.commit;
}

/** What the operations of open rounds make. Ended ones count too: the ids are known only at the end of a round. */
export function readOpen(database: DatabaseSync, kind: "create-containers" | "create-network"): string[] {
  const operations = database
    .prepare(
      "SELECT makes FROM operations JOIN rounds ON rounds.id = round_id WHERE kind = ? AND rounds.result IS NULL",
    )
    .all(kind);
  return [...new Set(operations.flatMap((row) => readNames(String(row["makes"]))))].sort();
}

/** The first start of new containers is none: it is wanted. */
export function readStarts(database: DatabaseSync): Record<string, string[]> {
  const starts = new Map<string, string[]>();
  const made = new Set<string>();
  const operations = database
    .prepare(
      `SELECT kind, resource, makes, started_at FROM operations
       WHERE kind = 'create-containers' OR (kind = 'start-service' AND result = 'done') ORDER BY rowid`,
    )
    .all();
  for (const row of operations) {
    if (row["kind"] === "create-containers") {
      for (const service of readNames(String(row["makes"]))) {
        starts.delete(service);
        made.add(service);
      }
      continue;
    }
    const service = String(row["resource"]).replace(/^service:/, "");
    if (made.delete(service)) continue;
    starts.set(service, [...(starts.get(service) ?? []), String(row["started_at"])]);
  }
  return Object.fromEntries(starts);
}
