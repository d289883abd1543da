import type { DatabaseSync } from "node:sqlite";
import {
  type RecordState,
  type ServiceParts,
  type VolumeState,
  canonicalText,
  volumeStates,
} from "@keelson/model";

type Applied = NonNullable<RecordState["applied"]>;

/** What a plan is made from, and how a round updates it. */
export interface Memory {
  readState: () => RecordState;
  rememberContainers: (containers: readonly { id: string; project: string; service: string }[]) => void;
  forgetContainers: (ids: readonly string[]) => void;
  /** By id, for containers that are remembered. Forgetting a container forgets its entry too. */
  acceptContainers: (accepted: RecordState["accepted"]) => void;
  /** By id, for containers that are remembered. Forgetting a container forgets its limits too. */
  rememberLimits: (limits: NonNullable<RecordState["limits"]>) => void;
  rememberNetworks: (networks: readonly { id: string; name: string }[]) => void;
  forgetNetworks: (names: readonly string[]) => void;
  /** By engine name. */
  rememberVolumes: (volumes: RecordState["volumes"]) => void;
  forgetVolumes: (names: readonly string[]) => void;
  /** By instance, the count of `renew` that was followed. */
  saveRenewed: (renewed: RecordState["renewed"]) => void;
  saveApplied: (applied: Applied) => void;
  /** `service` is `<project>/<service>`. */
  saveServiceParts: (service: string, parts: ServiceParts) => void;
  forgetService: (service: string) => void;
}

/** The memory in this database. The `WHERE` of each upsert keeps equal rows from being written again. */
export function openMemory(database: DatabaseSync): Memory {
  return {
    readState: () => readState(database),
    rememberContainers: (containers) => {
      const insert = database.prepare(
        `INSERT INTO containers (id, project, service) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET project = excluded.project, service = excluded.service
         WHERE project <> excluded.project OR service <> excluded.service`,
      );
      for (const { id, project, service } of containers) insert.run(id, project, service);
    },
    forgetContainers: (ids) => {
      const remove = database.prepare("DELETE FROM containers WHERE id = ?");
      for (const id of ids) remove.run(id);
    },
    acceptContainers: (accepted) => {
      const insert = database.prepare(
        `INSERT INTO accepted (container_id, algorithm, digest) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET algorithm = excluded.algorithm, digest = excluded.digest
         WHERE algorithm <> excluded.algorithm OR digest <> excluded.digest`,
      );
      for (const [id, { algorithm, digest }] of Object.entries(accepted)) insert.run(id, algorithm, digest);
    },
    rememberLimits: (limits) => {
      const insert = database.prepare(
        `INSERT INTO limits (container_id, limits) VALUES (?, ?)
         ON CONFLICT DO UPDATE SET limits = excluded.limits WHERE limits <> excluded.limits`,
      );
      for (const [id, each] of Object.entries(limits)) insert.run(id, canonicalText(each));
    },
    rememberNetworks: (networks) => {
      const insert = database.prepare(
        `INSERT INTO networks (name, id) VALUES (?, ?)
         ON CONFLICT DO UPDATE SET id = excluded.id WHERE id <> excluded.id`,
      );
      for (const { id, name } of networks) insert.run(name, id);
    },
    forgetNetworks: (names) => {
      const remove = database.prepare("DELETE FROM networks WHERE name = ?");
      for (const name of names) remove.run(name);
    },
    rememberVolumes: (volumes) => {
      const insert = database.prepare(
        `INSERT INTO volumes (name, users, package, state) VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET users = excluded.users, package = excluded.package, state = excluded.state
         WHERE users <> excluded.users OR package <> excluded.package OR state <> excluded.state`,
      );
      for (const [name, { users, package: of, state }] of Object.entries(volumes))
        insert.run(name, JSON.stringify(users), of, state);
    },
    forgetVolumes: (names) => {
      const remove = database.prepare("DELETE FROM volumes WHERE name = ?");
      for (const name of names) remove.run(name);
    },
    saveRenewed: (renewed) => {
      const insert = database.prepare(
        `INSERT INTO renewed (instance, count) VALUES (?, ?)
         ON CONFLICT DO UPDATE SET count = excluded.count WHERE count <> excluded.count`,
      );
      for (const [instance, count] of Object.entries(renewed)) insert.run(instance, count);
    },
    saveApplied: (applied) => {
      database
        .prepare(
          `INSERT INTO applied (only, value, round_id) VALUES (1, ?, (SELECT coalesce(max(id), 0) FROM rounds))
           ON CONFLICT DO UPDATE SET value = excluded.value, round_id = excluded.round_id
           WHERE value <> excluded.value OR round_id IS NOT excluded.round_id`,
        )
        .run(canonicalText(applied));
    },
    saveServiceParts: (service, { algorithm, parts }) => {
      database
        .prepare(
          `INSERT INTO service_parts (service, algorithm, parts) VALUES (?, ?, ?)
           ON CONFLICT DO UPDATE SET algorithm = excluded.algorithm, parts = excluded.parts
           WHERE algorithm <> excluded.algorithm OR parts <> excluded.parts`,
        )
        .run(service, algorithm, canonicalText(parts));
    },
    forgetService: (service) => {
      database.prepare("DELETE FROM service_parts WHERE service = ?").run(service);
    },
  };
}

function readState(database: DatabaseSync): RecordState {
  const containers = database.prepare("SELECT id, project, service FROM containers ORDER BY id").all();
  const networks = database.prepare("SELECT name, id FROM networks ORDER BY name").all();
  const volumes = database.prepare("SELECT name, users, package, state FROM volumes ORDER BY name").all();
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
        },
      ]),
    ),
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

/** The commit of the last round that did something after the last apply; without one, the applied commit. */
function readAttempted(
  database: DatabaseSync,
  { applied, roundId }: { applied: Applied | null; roundId: unknown },
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
function readOpen(database: DatabaseSync, kind: "create-containers" | "create-network"): string[] {
  const operations = database
    .prepare(
      "SELECT makes FROM operations JOIN rounds ON rounds.id = round_id WHERE kind = ? AND rounds.result IS NULL",
    )
    .all(kind);
  return [...new Set(operations.flatMap((row) => readNames(String(row["makes"]))))].sort();
}

/** The first start of new containers is none: it is wanted. */
function readStarts(database: DatabaseSync): Record<string, string[]> {
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

/** A state of no known name is that of what must not be lost sight of. */
function readVolumeState(value: unknown): VolumeState {
  return volumeStates.find((state) => state === value) ?? "used";
}

function readNames(text: string): string[] {
  const names: string[] = JSON.parse(text);
  return names;
}

function readApplied(text: string): Applied {
  const applied: unknown = JSON.parse(text);
  // JSON of another shape counts as damage, like a text that is no JSON.
  if (!isApplied(applied)) throw new SyntaxError("the row of what was applied is not in Keelson's form");
  return applied;
}

function isApplied(value: unknown): value is Applied {
  if (typeof value !== "object" || value === null || !("commit" in value)) return false;
  const { commit } = value;
  return (
    typeof commit === "string" &&
    "instanceOrder" in value &&
    Array.isArray(value.instanceOrder) &&
    "dependsOn" in value &&
    typeof value.dependsOn === "object" &&
    value.dependsOn !== null
  );
}

function readParts(text: string): Record<string, string> {
  const parts: Record<string, string> = JSON.parse(text);
  return parts;
}
