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

/** Short ids of what the node made, by its last status; null when no status says it. */
export type ReadMade = () => Promise<readonly string[] | null>;

/** What the node made, by the status in the state folder. */
export async function readMadeByStatus(stateDir: string): Promise<readonly string[] | null> {
  return parseStatus(await readStatus(stateDir))?.made ?? null;
}

/**
 * What the engine has, with ownership by labels and by what the node remembers. The last status is read only where the
 * record is lost and something has this node's label.
 */
export async function observeRemembered(
  engine: Engine,
  {
    request,
    readState,
    readMade,
  }: {
    request: Omit<ObserveRequest, "madeHere">;
    readState: () => RecordState;
    readMade: ReadMade;
  },
): Promise<ObservedEngine> {
  const state = readState();
  const observe = async (memory: MadeHere) => observeEngine(engine, { ...request, madeHere: memory });
  const observed = await observe(madeHere(state));
  const isUnproven = [...observed.containers, ...observed.networks].some(
    ({ ownership }) => ownership === "unproven",
  );
  const made = isForgotten(state) && isUnproven ? await readMade() : null;
  return made === null ? observed : await observe(madeHere(state, made));
}

/**
 * What the node remembers, for commands that change nothing. Reads the record again for a container with our labels that it lacked.
 */
export async function lookUpMemory(settings: Pick<NodeSettings, "stateDir">): Promise<MadeHere> {
  const made = await readMadeByStatus(settings.stateDir);
  let memory = madeHere(readRecordState(settings), made);
  return {
    container: (of) => {
      if (memory.container(of) === "known") return "known";
      memory = madeHere(readRecordState(settings), made);
      return memory.container(of);
    },
    network: (of) => memory.network(of),
    adopter: (of) => memory.adopter?.(of) ?? null,
  };
}

/** The record as it is; empty where there is none. */
export function readRecordState(settings: Pick<NodeSettings, "stateDir">): RecordState {
  const path = recordPath(settings);
  if (!existsSync(path)) return emptyRecord;
  using record = openRecordCopy({ path });
  return record.readState();
}
