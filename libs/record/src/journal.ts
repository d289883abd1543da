import type { DatabaseSync } from "node:sqlite";

export type OperationResult = "done" | "failed" | "interrupted";
export type RoundResult = "done" | "failed" | "interrupted";

/** An operation that began and did not end: the agent was killed meanwhile. */
export interface UnfinishedOperation {
  roundId: number;
  operationId: string;
  kind: string;
  resource: string;
  startedAt: string;
}

/** The rounds and operations that began, and how they ended. Times are ISO 8601 in UTC. */
export interface Journal {
  /** Notes a round that has something to do, and returns its id. Of more than 50 rounds the oldest are forgotten. */
  beginRound: (round: { commit: string; startedAt: string }) => number;
  /** Works also for a round that `closeInterrupted` has closed. */
  finishRound: (round: { roundId: number; finishedAt: string; result: RoundResult }) => void;
  /** `makes`: the services (`<project>/<service>`) or the network that the operation makes. */
  beginOperation: (operation: UnfinishedOperation & { makes: readonly string[] }) => void;
  finishOperation: (operation: {
    roundId: number;
    operationId: string;
    finishedAt: string;
    result: OperationResult;
  }) => void;
  /** In the order in which they began. */
  unfinishedOperations: () => UnfinishedOperation[];
  /**
   * Marks what a killed agent left open as interrupted. Writes nothing when nothing is open. Call it only after a round
   * has observed the node and saved its memory: from then on, containers that the memory does not have count as copies.
   */
  closeInterrupted: (finishedAt: string) => void;
}

const roundsKept = 50;

/** The journal in this database. */
export function openJournal(database: DatabaseSync): Journal {
  const closeRounds = "UPDATE rounds SET finished_at = ?, result = ? WHERE result IS NULL";
  const closeOperations = "UPDATE operations SET finished_at = ?, result = ? WHERE result IS NULL";
  return {
    beginRound: ({ commit, startedAt }) => {
      const { lastInsertRowid } = database
        .prepare("INSERT INTO rounds (commit_id, started_at) VALUES (?, ?)")
        .run(commit, startedAt);
      const roundId = Number(lastInsertRowid);
      database.prepare("DELETE FROM rounds WHERE id <= ?").run(roundId - roundsKept);
      return roundId;
    },
    finishRound: ({ roundId, finishedAt, result }) => {
      database
        .prepare("UPDATE rounds SET finished_at = ?, result = ? WHERE id = ?")
        .run(finishedAt, result, roundId);
    },
    beginOperation: ({ roundId, operationId, kind, resource, makes, startedAt }) => {
      database
        .prepare(
          `INSERT INTO operations (round_id, operation_id, kind, resource, makes, started_at)
           VALUES (?, ?, ?, ?, ?, ?)`,
        )
        .run(roundId, operationId, kind, resource, JSON.stringify(makes), startedAt);
    },
    finishOperation: ({ roundId, operationId, finishedAt, result }) => {
      database
        .prepare(`${closeOperations} AND round_id = ? AND operation_id = ?`)
        .run(finishedAt, result, roundId, operationId);
    },
    unfinishedOperations: () =>
      database
        .prepare(
          `SELECT round_id AS roundId, operation_id AS operationId, kind, resource, started_at AS startedAt
           FROM operations WHERE result IS NULL ORDER BY rowid`,
        )
        .all()
        .map((row) => ({
          roundId: Number(row["roundId"]),
          operationId: String(row["operationId"]),
          kind: String(row["kind"]),
          resource: String(row["resource"]),
          startedAt: String(row["startedAt"]),
        })),
    closeInterrupted: (finishedAt) => {
      database.prepare(closeOperations).run(finishedAt, "interrupted");
      database.prepare(closeRounds).run(finishedAt, "interrupted");
    },
  };
}
