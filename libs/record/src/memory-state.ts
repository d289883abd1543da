import type { DatabaseSync } from "node:sqlite";
import type { Crash, KnownFolder, RecordState } from "@keelson/model";

import { readAttempted, readOpen, readStarts } from "./journal-state.ts";
import {
  readApplied,
  readFolderUse,
  readNames,
  readParts,
  readPlaced,
  readPlaces,
  readVolumeState,
} from "./memory-text.ts";

/** What a plan is made from. Throws a SyntaxError where a row is damaged. */
export function readState(database: DatabaseSync): RecordState {
  const containers = database.prepare("SELECT id, project, service FROM containers ORDER BY id").all();
  const networks = database.prepare("SELECT name, id FROM networks ORDER BY name").all();
  const volumes = database
    .prepare("SELECT name, users, package, state, places FROM volumes ORDER BY name")
    .all();
  const renewed = database.prepare("SELECT instance, count FROM renewed ORDER BY instance").all();
  const row = database.prepare("SELECT value, round_id FROM applied").get();
  const applied = row === undefined ? null : readApplied(String(row["value"]));
  const accepted = database.prepare("SELECT container_id, algorithm, digest FROM accepted ORDER BY 1").all();
  const limits = database.prepare("SELECT container_id, limits FROM limits ORDER BY 1").all();
  const parts = database
    .prepare("SELECT service, algorithm, parts FROM service_parts ORDER BY service")
    .all();
  return {
    openServices: readOpen(database, "create-containers"),
    openNetworks: readOpen(database, "create-network"),
    starts: readStarts(database),
    crashes: readCrashes(database),
    jobsAtWork: database
      .prepare("SELECT name FROM scheduled_jobs WHERE running IS NOT NULL ORDER BY name")
      .all()
      .map((row) => String(row["name"])),
    networks: Object.fromEntries(networks.map((row) => [String(row["name"]), String(row["id"])])),
    volumes: Object.fromEntries(
      volumes.map((row) => [
        String(row["name"]),
        {
          users: readNames(String(row["users"])),
          package: String(row["package"]),
          state: readVolumeState(row["state"]),
          ...readPlaces(String(row["places"])),
        },
      ]),
    ),
    folders: readFolders(database),
    renewed: Object.fromEntries(renewed.map((row) => [String(row["instance"]), Number(row["count"])])),
    containers: Object.fromEntries(
      containers.map((row) => [
        String(row["id"]),
        { project: String(row["project"]), service: String(row["service"]) },
      ]),
    ),
    accepted: Object.fromEntries(
      accepted.map((row) => [
        String(row["container_id"]),
        { algorithm: String(row["algorithm"]), digest: String(row["digest"]) },
      ]),
    ),
    ...readAdopted(database),
    ...readLoss(database),
    limits: Object.fromEntries(
      limits.map((row) => [String(row["container_id"]), readParts(String(row["limits"]))]),
    ),
    applied,
    attempted: readAttempted(database, { applied, roundId: row?.["round_id"] ?? null }),
    serviceParts: Object.fromEntries(
      parts.map((row) => [
        String(row["service"]),
        { algorithm: String(row["algorithm"]), parts: readParts(String(row["parts"])) },
      ]),
    ),
  };
}

/** Nothing where nothing was taken over. */
function readAdopted(database: DatabaseSync): Pick<RecordState, "adopted"> {
  const rows = database.prepare("SELECT kind, id, instance FROM adopted ORDER BY 1, 2").all();
  if (rows.length === 0) return {};
  const of = (kind: keyof NonNullable<RecordState["adopted"]>) =>
    Object.fromEntries(
      rows.filter((row) => row["kind"] === kind).map((row) => [String(row["id"]), String(row["instance"])]),
    );
  return { adopted: { containers: of("containers"), networks: of("networks"), volumes: of("volumes") } };
}

/** Nothing where no record was lost. */
function readLoss(database: DatabaseSync): Pick<RecordState, "loss"> {
  const row = database.prepare("SELECT made, unproven FROM loss").get();
  if (row === undefined) return {};
  return {
    loss: { made: readNames(String(row["made"])), unproven: readNames(String(row["unproven"])) },
  };
}

function readCrashes(database: DatabaseSync): Record<string, Crash[]> {
  const rows = database.prepare("SELECT container_id, ended_at, exit_code FROM crashes ORDER BY 1, 2").all();
  const byContainer = Map.groupBy(rows, (row) => String(row["container_id"]));
  const crashOf = (row: (typeof rows)[number]) => ({
    at: String(row["ended_at"]),
    exitCode: Number(row["exit_code"]),
  });
  return Object.fromEntries([...byContainer].map(([id, each]) => [id, each.map(crashOf)]));
}

function readFolders(database: DatabaseSync): Record<string, KnownFolder> {
  const rows = database.prepare("SELECT * FROM folders ORDER BY path").all();
  return Object.fromEntries(
    rows.map((row): [string, KnownFolder] => [
      String(row["path"]),
      {
        instance: String(row["instance"]),
        source: String(row["source"]),
        package: String(row["package"]),
        users: readNames(String(row["users"])),
        wasFilled: row["was_filled"] === 1,
        state: readFolderUse(row["state"]),
        placed: readPlaced(String(row["placed"])),
      },
    ]),
  );
}
