import { existsSync } from "node:fs";

import { clearWorkspaces, gateCompose, readComposeVersion, resolveCompose } from "@keelson/compose";
import {
  type Engine,
  type OwnIds,
  connectEngine,
  findRuns,
  openRegistryLogins,
  readLastOutput,
} from "@keelson/engine";
import {
  type Candidate,
  type Emit,
  KeelsonError,
  type NodeSecrets,
  type ObservedEngine,
  type Snapshot,
  type Status,
  stalled,
} from "@keelson/model";
import type { DesiredPorts, NodePorts, ReadPorts, StatusPort } from "@keelson/reconcile";
import { type NodeRecord, acquireLock, openRecord, openRecordCopy } from "@keelson/record";
import { closedSecrets, openSecrets } from "@keelson/secrets";
import { observeStore, readStatus, requireTrusted, writeComposeModel, writeStatus } from "@keelson/store";

import { hideLogins } from "./hidden-logins.ts";
import { hideSecretsIn } from "./hidden-operation.ts";
import { takeJobLock } from "./job-lock.ts";
import { overlayMemory } from "./memory.ts";
import { type NodeSettings, composePath, lockPath, recordPath } from "./node-settings.ts";
import { parseStatus } from "./status-text.ts";
import { rebuildVolumes, withVolumes } from "./remembered-volume.ts";
import { readSuspension } from "./suspension.ts";
import { type ReadMade, observeRemembered, readMadeByStatus } from "./remembered.ts";
import { requireTrustedFolders } from "./trusted-files.ts";
import { watchDeaths } from "./watch-deaths.ts";
import { wireOperations } from "./wire-operations.ts";

export interface WireInput {
  emit: Emit;
}

/** Ports for a walk to the desired state of any node, without an engine. Secrets are closed; nothing is remembered. */
export function wireDesired(
  input: WireInput & { composeBinary: string; composeFolder?: string; requireCompose?: () => Promise<void> },
): DesiredPorts {
  const { composeBinary, composeFolder, requireCompose = newComposeCheck(composeBinary) } = input;
  let cleared: Promise<void> | undefined;
  return {
    ...input,
    gateCompose,
    resolveCompose: async (compose) => {
      // Only the round with the lock uses this folder, so what is there was left by a kill.
      if (composeFolder !== undefined) await (cleared ??= clearWorkspaces(composeFolder));
      const folder = composeFolder === undefined ? {} : { folder: composeFolder };
      // At the same time, since each is a process. The answer of an unfit Compose is not used.
      const [fit, model] = await Promise.allSettled([
        requireCompose(),
        resolveCompose(compose, { composeBinary, ...folder }),
      ]);
      if (fit.status === "rejected") throw fit.reason;
      if (model.status === "rejected") throw model.reason;
      return model.value;
    },
    secrets: closedSecrets(),
    record: overlayMemory(null),
  };
}

/** Ports for a walk to the plan. Makes neither a key nor a record where the node has none yet. */
export async function wirePlan(
  settings: NodeSettings,
  input: WireInput,
): Promise<{ ports: ReadPorts } & Disposable> {
  requireTrustedFolders(settings);
  const path = recordPath(settings);
  const record = existsSync(path) ? openRecordCopy({ path }) : null;
  try {
    if (record !== null) requireKey(settings, record);
    const secrets = existsSync(settings.keyFile) ? await openSecrets(settings) : closedSecrets();
    const memory = await withVolumes(overlayMemory(record), async () =>
      parseStatus(await readStatus(settings.stateDir)),
    );
    const engine = connectEngine(engineAddress(settings));
    return {
      ports: {
        ...wireDesired({ ...input, composeBinary: settings.composeBinary }),
        ...observers(settings, {
          engine,
          secrets,
          record: memory,
          readMade: async () => readMadeByStatus(settings.stateDir),
        }),
        secrets,
        record: memory,
        now: () => new Date(),
      },
      [Symbol.dispose]: () => record?.close(),
    };
  } catch (error) {
    record?.close();
    throw error;
  }
}

export interface ApplyInput extends Pick<WireInput, "emit"> {
  /** Gets the node's record, since the commit that the node followed last decides what it may follow now. */
  findCandidates: (record: NodeRecord) => Promise<Candidate[]>;
  /** Reads a commit that was followed before; null when the node does not have it any more. */
  readEarlier: (commit: string) => Promise<Snapshot | null>;
  /** Where this node publishes its status; null when the status stays here. */
  statusPort: StatusPort | null;
  signal: AbortSignal;
  /** How long another round on this node may still take. */
  lockWaitMs: number;
  /** A person wants this round although action is withheld. */
  isForced?: boolean;
}

/**
 * Ports for a whole round. Takes the node's lock, which Compose children inherit. Key and record are opened later, and
 * made where they are missing, so that a status can say what is wrong with them. Throws what `acquireLock` throws, and
 * K4016 when others could change the node's own files.
 */
export async function wireApply(settings: NodeSettings, input: ApplyInput): Promise<NodePorts & Disposable> {
  const { stateDir } = settings;
  requireTrustedFolders(settings);
  const lock = await acquireLock({
    path: lockPath(settings),
    waitMs: input.lockWaitMs,
    signal: input.signal,
    onOrphan: ({ pid, program }) => input.emit({ type: "orphan-ended", pid, program }),
  });
  let record: NodeRecord | undefined;
  const nodePorts = {
    emit: input.emit,
    readStatus: async () => parseStatus(await readStatus(stateDir)),
    writeStatus: async (status: Status) =>
      writeStatus({ stateDir, text: `${JSON.stringify(status, null, 2)}\n` }),
    now: () => new Date(),
  };
  return {
    ...nodePorts,
    statusPort: input.statusPort,
    readSuspension: async () => (input.isForced === true ? null : readSuspension(stateDir)),
    openPorts: async () => {
      const memory = (record ??= openRecord({ path: recordPath(settings) }));
      requireKey(settings, memory);
      // Without a key it is a new node, of which nobody can have told anything.
      const isKnown = existsSync(settings.keyFile);
      await rebuildVolumes(
        memory,
        async () => (await nodePorts.readStatus()) ?? (isKnown ? await readPublished(input) : null),
      );
      const logins = openRegistryLogins({ ...settings.dockerConfig, requireTrusted });
      const opened = await openSecrets(settings);
      const secrets = { ...opened, hideValues: hideLogins(opened.hideValues, logins.listValues) };
      const { composeBinary } = settings;
      const composeFolder = composePath(settings);
      const requireCompose = newComposeCheck(composeBinary);
      const engine = connectEngine(engineAddress(settings));
      const own = newOwnIds();
      const readMade = async () =>
        (await readMadeByStatus(stateDir)) ?? (await readPublished(input))?.made ?? null;
      return {
        ...wireDesired({ emit: input.emit, composeBinary, composeFolder, requireCompose }),
        ...nodePorts,
        ...observers(settings, { engine, secrets, record: memory, readMade, own }),
        findCandidates: async () => input.findCandidates(memory),
        readEarlier: input.readEarlier,
        secrets,
        record: memory,
        readOutput: async (id) =>
          secrets.hideValues(await readLastOutput(engine, { id, signal: input.signal })),
        writeCompose: async ({ name, project, compose }) => {
          await writeComposeModel(
            { stateDir },
            { instance: name, project, model: compose, ownerOf: secrets.ownerOf },
          );
        },
        findRuns: async (job) => {
          const [project = "", service = ""] = job.split("/");
          return findRuns(engine, { project, service, signal: input.signal });
        },
        takeJobLock: async (job) => takeJobLock(settings, job),
        watchDeaths: (onDeath) => watchDeaths(settings, onDeath),
        operations: hideSecretsIn(
          wireOperations(settings, { engine, secrets, lock, own, logins, requireCompose }),
          secrets.hideValues,
        ),
      };
    },
    [Symbol.dispose]: () => {
      try {
        record?.close();
      } finally {
        lock.release();
      }
    },
  };
}

async function readPublished({ statusPort }: Pick<ApplyInput, "statusPort">): Promise<Status | null> {
  return (await statusPort?.readPublished()) ?? null;
}

/**
 * Throws K5006 when the key is gone although the record has containers that were made with it. A new key is made only
 * for a new node: with another key, all that runs here would count as foreign.
 */
function requireKey({ keyFile }: NodeSettings, record: Pick<NodeRecord, "readState">): void {
  if (existsSync(keyFile) || Object.keys(record.readState().containers).length === 0) return;
  throw new KeelsonError({
    code: "K5006",
    message: `the node's key ${keyFile} is gone, and what runs here was made with it`,
    hint: "Restore the key from a copy, or set keyFile in agent.yaml to the right file. Until then the node changes nothing.",
    outcome: stalled,
  });
}

/** Checks Compose's version once, and only when Compose is needed: a round with nothing to do starts no process. */
function newComposeCheck(composeBinary: string): () => Promise<void> {
  let version: Promise<string> | undefined;
  return async () => void (await (version ??= readComposeVersion(composeBinary)));
}

/** The ids of containers that were the node's own when the round observed it, and of those that it made since. */
function newOwnIds(): OwnIds {
  const known = new Set<string>();
  return {
    has: (id) => known.has(id),
    add: (ids) => {
      for (const id of ids) known.add(id);
    },
  };
}

function observers(
  { stateDir, remotes, waits }: NodeSettings,
  rooms: {
    engine: Engine;
    secrets: NodeSecrets;
    record: Pick<NodeRecord, "readState">;
    readMade: ReadMade;
    own?: OwnIds;
  },
): Pick<ReadPorts, "observeEngine" | "observeStore" | "waits"> {
  const { engine, secrets, record, readMade, own } = rooms;
  const { ownershipOf } = secrets;
  return {
    waits,
    observeEngine: async (request) => {
      const observed = await observeRemembered(engine, {
        request: { ...request, remotes, ownershipOf },
        readState: record.readState,
        readMade,
      });
      const ours = observed.containers.filter(({ ownership }) => ownership === "ours");
      own?.add(ours.map(({ id }) => id));
      return withHiddenWords(observed, secrets.hideValues);
    },
    observeStore: async (desired) => observeStore({ stateDir, desired, fillSecrets: secrets.fillSecrets }),
  };
}

/** Programs print what they were given: what one of them said goes no further with a secret value in it. */
function withHiddenWords(observed: ObservedEngine, hideValues: NodeSecrets["hideValues"]): ObservedEngine {
  const containers = observed.containers.map((each) =>
    each.ailment === undefined
      ? each
      : { ...each, ailment: { ...each.ailment, said: hideValues(each.ailment.said) } },
  );
  return { ...observed, containers };
}

function engineAddress({ dockerHost }: NodeSettings) {
  return dockerHost === undefined ? {} : { dockerHost };
}
