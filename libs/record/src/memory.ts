import type { DatabaseSync } from "node:sqlite";
import {
  type AcceptedDigest,
  type Crash,
  type RecordLoss,
  type RecordState,
  type ServiceParts,
  canonicalText,
  shortId,
} from "@keelson/model";

import { readState } from "./memory-state.ts";

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
  /** By id, for containers that are remembered: the last two of each are kept. Forgetting a container forgets them too. */
  noteCrashes: (crashes: Readonly<Record<string, Crash>>) => void;
  rememberNetworks: (networks: readonly { id: string; name: string }[]) => void;
  /** Takes note of all of it at once: what is taken over, by the id of each or the name of a volume, and what it stands for. */
  adopt: (taken: Adoption) => void;
  /** Forgets what an instance has, however it came to have it. */
  release: (given: {
    containers: readonly string[];
    networks: readonly string[];
    volumes: readonly string[];
  }) => void;
  forgetNetworks: (names: readonly string[]) => void;
  /** By engine name. */
  rememberVolumes: (volumes: RecordState["volumes"]) => void;
  forgetVolumes: (names: readonly string[]) => void;
  /** By absolute path. */
  rememberFolders: (folders: NonNullable<RecordState["folders"]>) => void;
  forgetFolders: (paths: readonly string[]) => void;
  /** By instance, the count of `renew` that was followed. */
  saveRenewed: (renewed: RecordState["renewed"]) => void;
  /** What was there when another record was lost. */
  noteLoss: (loss: RecordLoss) => void;
  saveApplied: (applied: Applied) => void;
  /** Changes what is known of the last apply, without being one. */
  amendApplied: (applied: Applied) => void;
  /** `service` is `<project>/<service>`. */
  saveServiceParts: (service: string, parts: ServiceParts) => void;
  forgetService: (service: string) => void;
}

/** What an instance takes over of its project. */
export interface Adoption {
  instance: string;
  project: string;
  containers: readonly { id: string; service: string; accepted: AcceptedDigest | null }[];
  networks: readonly { id: string; name: string }[];
  volumes: readonly string[];
}

/** From their distance follows how long the container lives. */
const crashesKept = 2;

/** The memory in this database. The `WHERE` of each upsert keeps equal rows from being written again. */
export function openMemory(database: DatabaseSync): Memory {
  const memory: Memory = {
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
      const forget = database.prepare("DELETE FROM adopted WHERE kind = 'containers' AND id = ?");
      for (const id of ids) {
        remove.run(id);
        forget.run(id);
      }
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
    noteCrashes: (crashes) => {
      const insert = database.prepare(
        `INSERT INTO crashes (container_id, ended_at, exit_code) SELECT id, ?, ? FROM containers WHERE id = ?
         ON CONFLICT DO NOTHING`,
      );
      const forget = database.prepare(
        `DELETE FROM crashes WHERE container_id = ? AND ended_at NOT IN
         (SELECT ended_at FROM crashes WHERE container_id = ? ORDER BY ended_at DESC LIMIT ${crashesKept})`,
      );
      for (const [id, { at, exitCode }] of Object.entries(crashes)) {
        insert.run(at, exitCode, id);
        forget.run(id, id);
      }
    },
    rememberNetworks: (networks) => {
      const insert = database.prepare(
        `INSERT INTO networks (name, id) VALUES (?, ?)
         ON CONFLICT DO UPDATE SET id = excluded.id WHERE id <> excluded.id`,
      );
      for (const { id, name } of networks) insert.run(name, id);
    },
    adopt: ({ instance, project, containers, networks, volumes }) => {
      const insert = database.prepare(
        `INSERT INTO adopted (kind, id, instance) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET instance = excluded.instance`,
      );
      memory.rememberContainers(containers.map(({ id, service }) => ({ id, project, service })));
      memory.acceptContainers(
        Object.fromEntries(
          containers.flatMap(({ id, accepted }) => (accepted === null ? [] : [[id, accepted]])),
        ),
      );
      memory.rememberNetworks(networks);
      for (const { id } of containers) insert.run("containers", id, instance);
      for (const { id } of networks) insert.run("networks", id, instance);
      for (const name of volumes) insert.run("volumes", name, instance);
    },
    release: ({ containers, networks, volumes }) => {
      const remove = database.prepare("DELETE FROM adopted WHERE kind = ? AND id = ?");
      const forgetNetwork = database.prepare("DELETE FROM networks WHERE id = ?");
      memory.forgetContainers(containers);
      memory.forgetVolumes(volumes);
      for (const id of networks) forgetNetwork.run(id);
      for (const [kind, ids] of Object.entries({ containers, networks, volumes }))
        for (const id of ids) remove.run(kind, id);
      // What the status of before a loss says of them is over, too.
      const { loss } = memory.readState();
      if (loss === undefined) return;
      const released = new Set([...containers, ...networks].map(shortId));
      const isKept = (id: string) => !released.has(id);
      memory.noteLoss({ made: loss.made.filter(isKept), unproven: loss.unproven.filter(isKept) });
    },
    forgetNetworks: (names) => {
      const remove = database.prepare("DELETE FROM networks WHERE name = ?");
      for (const name of names) remove.run(name);
    },
    rememberVolumes: (volumes) => {
      const insert = database.prepare(
        `INSERT INTO volumes (name, users, package, state, places) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET users = excluded.users, package = excluded.package, state = excluded.state,
           places = excluded.places
         WHERE users <> excluded.users OR package <> excluded.package OR state <> excluded.state
           OR places <> excluded.places`,
      );
      for (const [name, { users, package: of, state, places = {} }] of Object.entries(volumes))
        insert.run(name, JSON.stringify(users), of, state, canonicalText(places));
    },
    forgetVolumes: (names) => {
      const remove = database.prepare("DELETE FROM volumes WHERE name = ?");
      for (const name of names) remove.run(name);
    },
    rememberFolders: (folders) => {
      const insert = database.prepare(
        `INSERT INTO folders (path, instance, source, package, users, was_filled, state, placed)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET instance = excluded.instance, source = excluded.source,
           package = excluded.package, users = excluded.users, was_filled = excluded.was_filled,
           state = excluded.state, placed = excluded.placed
         WHERE (instance, source, package, users, was_filled, state, placed)
           <> (excluded.instance, excluded.source, excluded.package, excluded.users, excluded.was_filled,
             excluded.state, excluded.placed)`,
      );
      for (const [path, { instance, source, package: of, users, wasFilled, state, placed }] of Object.entries(
        folders,
      )) {
        const texts = [JSON.stringify(users), wasFilled ? 1 : 0, state, canonicalText(placed)];
        insert.run(path, instance, source, of, ...texts);
      }
    },
    forgetFolders: (paths) => {
      const remove = database.prepare("DELETE FROM folders WHERE path = ?");
      for (const path of paths) remove.run(path);
    },
    saveRenewed: (renewed) => {
      const insert = database.prepare(
        `INSERT INTO renewed (instance, count) VALUES (?, ?)
         ON CONFLICT DO UPDATE SET count = excluded.count WHERE count <> excluded.count`,
      );
      for (const [instance, count] of Object.entries(renewed)) insert.run(instance, count);
    },
    noteLoss: ({ made, unproven }) => {
      database
        .prepare(
          `INSERT INTO loss (only, made, unproven) VALUES (1, ?, ?)
           ON CONFLICT DO UPDATE SET made = excluded.made, unproven = excluded.unproven
           WHERE made <> excluded.made OR unproven <> excluded.unproven`,
        )
        .run(JSON.stringify(made), JSON.stringify(unproven));
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
    amendApplied: (applied) => {
      const value = canonicalText(applied);
      database.prepare("UPDATE applied SET value = ? WHERE value <> ?").run(value, value);
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
  return memory;
}
