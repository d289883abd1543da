import { existsSync } from "node:fs";

import { connectEngine, findRuns, openRegistryLogins, readLastOutput, stopRun } from "@keelson/engine";
import type { Candidate, Emit, SealedFile, Snapshot, Status } from "@keelson/model";
import type { NodePorts, Ports, StatusPort } from "@keelson/reconcile";
import { makeAgeKey } from "@keelson/secrets";
import type { NodeLock, NodeRecord } from "@keelson/record";
import { requireTrusted, writeSealedFiles } from "@keelson/store";

import { engineAddress } from "./engine-address.ts";
import { hideLogins } from "./hidden-logins.ts";
import { hideSecretsIn } from "./hidden-operation.ts";
import { takeJobLock } from "./job-lock.ts";
import { lastStatuses, recoverRecord } from "./lost-record.ts";
import { openNodeSecrets } from "./node-secrets.ts";
import { type NodeSettings, composePath } from "./node-settings.ts";
import { newOwnIds, observers } from "./observers.ts";
import { requireKey } from "./required-key.ts";
import { watchDeaths } from "./watch-deaths.ts";
import { newComposeCheck, wireDesired } from "./wire-desired.ts";
import { wireOperations } from "./wire-operations.ts";
import { wireStore } from "./wire-store.ts";
import { writeCompose } from "./written-compose.ts";

export interface RoundInput {
  emit: Emit;
  /** Gets the node's record, since the commit that the node followed last decides what it may follow now. */
  findCandidates: (record: NodeRecord) => Promise<Candidate[]>;
  /** Reads a commit that was followed before; null when the node does not have it any more. */
  readEarlier: (commit: string) => Promise<Snapshot | null>;
  /** The status that this node published last; null where there is none. Only asked where the record is lost. */
  readPublished: () => Promise<Status | null>;
  /** Where this node publishes its status; null when the status stays here. */
  statusPort: StatusPort | null;
  signal: AbortSignal;
}

interface RoundMeans {
  input: RoundInput;
  nodePorts: Pick<NodePorts, "emit" | "readStatus" | "writeStatus" | "now">;
  lock: NodeLock;
  memory: NodeRecord;
}

/** Opens key and secrets, and makes the ports of a round that has the node's lock. Throws what they throw. */
export async function openRoundPorts(
  settings: NodeSettings,
  { input, nodePorts, lock, memory }: RoundMeans,
): Promise<Ports> {
  const { stateDir } = settings;
  const { readStatus } = nodePorts;
  const statuses = lastStatuses({ readStatus, readPublished: input.readPublished });
  await requireKey(settings, { memory, statuses });
  // Without a key it is a new node, of which nobody can have told anything.
  await recoverRecord(memory, existsSync(settings.keyFile) ? statuses : [readStatus]);
  const logins = openRegistryLogins({ ...settings.dockerConfig, requireTrusted });
  const opened = await openNodeSecrets(settings);
  await makeAgeKey(settings.ageKeyFile);
  const secrets = {
    ...opened,
    openSealed: async (files: readonly SealedFile[]) => {
      const problems = await opened.openSealed(files);
      if (problems.length === 0) await writeSealedFiles({ stateDir, files });
      return problems;
    },
    hideValues: hideLogins(opened.hideValues, logins.listValues),
  };
  const { composeBinary } = settings;
  const composeFolder = composePath(settings);
  const requireCompose = newComposeCheck(composeBinary);
  const engine = connectEngine(engineAddress(settings));
  const own = newOwnIds();
  return {
    ...wireDesired({ emit: input.emit, composeBinary, composeFolder, requireCompose }),
    ...nodePorts,
    ...observers(settings, { engine, secrets, memory, statuses, own }),
    findCandidates: async () => input.findCandidates(memory),
    readEarlier: input.readEarlier,
    secrets,
    record: memory,
    store: wireStore(settings),
    readOutput: async (id) => secrets.hideValues(await readLastOutput(engine, { id, signal: input.signal })),
    writeCompose: async (instance) =>
      writeCompose(settings, { instance, ownerOf: secrets.ownerOf, engine, signal: input.signal }),
    findRuns: async (job) => {
      const [project = "", service = ""] = job.split("/");
      return findRuns(engine, { project, service, signal: input.signal });
    },
    stopRun: async (container) => {
      const { stopMs: longestStopMs } = settings.waits;
      return secrets.hideValues(await stopRun({ engine, signal: input.signal, longestStopMs }, container));
    },
    takeJobLock: async (job) => takeJobLock(settings, job),
    watchDeaths: (onDeath) => watchDeaths({ ...settings, own }, onDeath),
    operations: hideSecretsIn(
      wireOperations(settings, { engine, secrets, lock, own, logins, requireCompose, record: memory }),
      secrets.hideValues,
    ),
  };
}
