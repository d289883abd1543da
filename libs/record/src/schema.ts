import { DatabaseSync } from "node:sqlite";
import { KeelsonError, stalled } from "@keelson/model";

import { foreignRecord } from "./damaged-record.ts";
import { migrations } from "./migrations.ts";

/** The version that this program writes. */
export const schemaVersion = migrations.length;

/**
 * Brings the record to `schemaVersion`; writes nothing when it has that version already. Throws K4011 for a record of a
 * newer Keelson, and K4017 for a database of another program.
 */
export function migrate(database: DatabaseSync, path: string): void {
  if (versionOf(database, path) === schemaVersion) return;
  // The mode stays with the file, and cannot be changed inside a transaction.
  database.exec("PRAGMA journal_mode = WAL");
  database.exec("BEGIN IMMEDIATE");
  try {
    // Read the version again: another process may have been faster.
    for (const migration of migrations.slice(versionOf(database, path))) database.exec(migration);
    database.exec(`PRAGMA user_version = ${schemaVersion}`);
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

function versionOf(database: DatabaseSync, path: string): number {
  // One statement, because another process may be migrating the record now.
  const row = database
    .prepare(
      "SELECT user_version AS version, EXISTS (SELECT 1 FROM sqlite_schema) AS filled FROM pragma_user_version",
    )
    .get();
  const version = Number(row?.["version"]);
  const isForeign =
    version > schemaVersion
      ? !hasFirstTables(database)
      : version < 1 && (version < 0 || row?.["filled"] === 1);
  if (isForeign) throw foreignRecord(path);
  if (version <= schemaVersion) return version;
  throw new KeelsonError({
    code: "K4011",
    message: `the record ${path} was written by a newer Keelson (format ${version}, this one knows ${schemaVersion})`,
    hint: "Start the newer Keelson again, or move the record aside: what is lost is rebuilt from labels, files and the last status.",
    outcome: stalled,
  });
}

/** Whether the database has the tables of a record of its version, and nothing else. */
export function hasOwnTables(database: DatabaseSync): boolean {
  const version = Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
  const sample = new DatabaseSync(":memory:");
  try {
    for (const migration of migrations.slice(0, version)) sample.exec(migration);
    return describe(database) === describe(sample);
  } finally {
    sample.close();
  }
}

/** Tables, their columns and types, and everything else that a database can have. */
function describe(database: DatabaseSync): string {
  const rows = database
    .prepare(
      `SELECT s.type, s.name, c.name AS "column", c.type AS kind, c."notnull" AS needed, c.pk
       FROM sqlite_schema s LEFT JOIN pragma_table_info(s.name) c ON s.type = 'table' ORDER BY 1, 2, 3`,
    )
    .all();
  return JSON.stringify(rows.map((row) => Object.values(row)));
}

/** A record of any later version has these tables. */
function hasFirstTables(database: DatabaseSync): boolean {
  const names = new Set(
    database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .all()
      .map((row) => String(row["name"])),
  );
  return ["containers", "applied", "service_parts", "rounds", "operations"].every((name) => names.has(name));
}
