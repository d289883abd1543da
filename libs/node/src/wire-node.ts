import { existsSync } from "node:fs";

import { clearWorkspaces, readComposeVersion, resolveCompose } from "@keelson/compose";
import { type Engine, type OwnIds, connectEngine, openRegistryLogins, readLastOutput } from "@keelson/engine";
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
import { observeStore, readStatus, requireTrusted, writeStatus } from "@keelson/store";

import { hideLogins } from "./hidden-logins.ts";
import { hideSecretsIn } from "./hidden-operation.ts";
import { overlayMemory } from "./memory.ts";
import { type NodeSettings, composePath, lockPath, recordPath } from "./node-settings.ts";
import { parseStatus } from "./status-text.ts";
import { rebuildVolumes, withVolumes } from "./remembered-volume.ts";
import { type ReadMade, observeRemembered, readMadeByStatus } from "./remembered.ts";
import { requireTrustedFolders } from "./trusted-files.ts";
import { watchDeaths } from "./watch-deaths.ts";
import { wireOperations } from "./wire-operations.ts";

export interface WireInput {
  emit: Emit;
}

/** As far as the desired state, for any node and without an engine: secrets are closed, nothing is remembered. */
export function wireDesired(
  input: WireInput & { composeBinary: string; composeFolder?: string; requireCompose?: () => Promise<void> },
): DesiredPorts {
  const { composeBinary, composeFolder, requireCompose = newComposeCheck(composeBinary) } = input;
  let cleared: Promise<void> | undefined;
  return {
    ...input,
    resolveCompose: async (compose) => {
      // It is this round's alone: whoever made what is there was killed.
      if (composeFolder !== undefined) await (cleared ??= clearWorkspaces(composeFolder));
      const folder = composeFolder === undefined ? {} : { folder: composeFolder };
      // Side by side, since each is a process; what an unfit Compose answers counts for nothing.
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

/** As far as the plan. A node that was never set up here has no key and no record; neither is made. */
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
  /** Gets the node's record: what the node followed before decides what it follows now. */
  findCandidates: (record: NodeRecord) => Promise<Candidate[]>;
  /** A commit that was followed before; null when it is not here any more. */
  readEarlier: (commit: string) => Promise<Snapshot | null>;
  /** Where this node publishes its status; null when the status stays here. */
  statusPort: StatusPort | null;
  signal: AbortSignal;
  /** How long another round on this node may still take. */
  lockWaitMs: number;
}

/**
 * The whole path. Takes the node's lock, which Compose children inherit. Key and record are opened later, and made
 * where they are missing, so that a status can say what is wrong with them. Throws what `acquireLock` throws, and K4016
 * when others could change the node's own files.
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
 * A key is made only for a node that has none yet: with another key all that runs here would count as somebody else's.
 * Throws K5006 when there were things made with one that is gone.
 */
function requireKey({ keyFile }: NodeSettings, record: Pick<NodeRecord, "readState">): void {
  if (existsSync(keyFile) || Object.keys(record.readState().containers).length === 0) return;
  throw new KeelsonError({
    code: "K5006",
    message: `the node's key ${keyFile} is gone, and what runs here was made with it`,
    hint: "Restore it from a copy, or name the right file in keyFile; nothing is done until then.",
    outcome: stalled,
  });
}

/** Asks Compose once for its version, and not before it is needed: a round with nothing to do starts no process for it. */
function newComposeCheck(composeBinary: string): () => Promise<void> {
  let version: Promise<string> | undefined;
  return async () => void (await (version ??= readComposeVersion(composeBinary)));
}

/** What was ours when the round looked, and what it made since. */
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
