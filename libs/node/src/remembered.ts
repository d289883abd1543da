import { existsSync } from "node:fs";

import { type Engine, type ObserveRequest, observeEngine } from "@keelson/engine";
import {
  type MadeHere,
  type ObservedEngine,
  type RecordState,
  emptyRecord,
  isForgotten,
  madeHere,
} from "@keelson/model";
import { openRecordCopy } from "@keelson/record";
import { readStatus } from "@keelson/store";

import { type NodeSettings, recordPath } from "./node-settings.ts";
import { parseStatus } from "./status-text.ts";

/** Short ids of what the node made, by its last report; null when that does not tell. */
export type ReadReported = () => Promise<readonly string[] | null>;

/** By the report in the state folder. */
export async function readReportedHere(stateDir: string): Promise<readonly string[] | null> {
  return parseStatus(await readStatus(stateDir))?.made ?? null;
}

/**
 * What the engine has, with ownership by labels and by what the node remembers. The last report is read only where the
 * record is lost and something is there that it may speak for.
 */
export async function observeRemembered(
  engine: Engine,
  {
    request,
    readState,
    readReported,
  }: {
    request: Omit<ObserveRequest, "madeHere">;
    readState: () => RecordState;
    readReported: ReadReported;
  },
): Promise<ObservedEngine> {
  const state = readState();
  const observe = async (memory: MadeHere) => observeEngine(engine, { ...request, madeHere: memory });
  const observed = await observe(madeHere(state));
  const isUnproven = [...observed.containers, ...observed.networks].some(
    ({ ownership }) => ownership === "unproven",
  );
  const reported = isForgotten(state) && isUnproven ? await readReported() : null;
  return reported === null ? observed : await observe(madeHere(state, reported));
}

/** What the node remembers, for whoever only looks on: the record is read again for what it did not know before. */
export async function lookUpMemory(settings: Pick<NodeSettings, "stateDir">): Promise<MadeHere> {
  const reported = await readReportedHere(settings.stateDir);
  let memory = madeHere(readRecordState(settings), reported);
  return {
    container: (of) => {
      if (memory.container(of) === "known") return "known";
      memory = madeHere(readRecordState(settings), reported);
      return memory.container(of);
    },
    network: (of) => memory.network(of),
  };
}

function readRecordState(settings: Pick<NodeSettings, "stateDir">): RecordState {
  const path = recordPath(settings);
  if (!existsSync(path)) return emptyRecord;
  using record = openRecordCopy({ path });
  return record.readState();
}
