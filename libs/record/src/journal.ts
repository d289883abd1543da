import type { DatabaseSync } from "node:sqlite";

export type OperationResult = "done" | "failed" | "interrupted";
export type RoundResult = "done" | "failed" | "interrupted";

/** An operation that was begun and of whose end nothing is known: the agent was killed in it. */
export interface UnfinishedOperation {
  roundId: number;
  operationId: string;
  kind: string;
  resource: string;
  startedAt: string;
}

/** What was begun and how it ended. Times are ISO 8601 in UTC. */
export interface Journal {
  /** Notes a round that has something to do and returns its id; the oldest of more than 50 are forgotten. */
  beginRound: (round: { commit: string; startedAt: string }) => number;
  /** Also of one that `closeInterrupted` has closed. */
  finishRound: (round: { roundId: number; finishedAt: string; result: RoundResult }) => void;
  /** `makes`: services, as `<project>/<service>`, or the network that it makes. */
  beginOperation: (operation: UnfinishedOperation & { makes: readonly string[] }) => void;
  finishOperation: (operation: {
    roundId: number;
    operationId: string;
    finishedAt: string;
    result: OperationResult;
  }) => void;
  /** In the order in which they were begun. */
  unfinishedOperations: () => UnfinishedOperation[];
  /**
   * Marks what a killed agent left open as interrupted. To be called when a round has observed and settled it all;
   * writes only if there is something open. From then on `readState` takes what it does not know for copies, so the
   * memory must have been written before.
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
