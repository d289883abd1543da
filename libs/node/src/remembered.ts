import { existsSync } from "node:fs";

import { type Engine, type ObserveRequest, observeEngine } from "@keelson/engine";
import {
  type MadeHere,
  type ObservedEngine,
  type RecordState,
  emptyRecord,
  isForgotten,
  madeHere,
  shortId,
} from "@keelson/model";
import { openRecordCopy } from "@keelson/record";
import { readStatus } from "@keelson/store";

import { type LastStatuses, type LossMemory, noteMade } from "./lost-record.ts";
import { type NodeSettings, recordPath } from "./node-settings.ts";
import { parseStatus } from "./status-text.ts";

/**
 * What the engine has, with ownership by labels and by what the node remembers. What carries this node's labels and is of before a
 * loss is looked for in the last statuses, one after the other, and what they name is noted before anything else is done: a record
 * that names something is no longer known to be lost.
 */
export async function observeRemembered(
  engine: Engine,
  {
    request,
    memory,
    statuses,
  }: {
    request: Omit<ObserveRequest, "madeHere">;
    memory: LossMemory;
    statuses: LastStatuses;
  },
): Promise<ObservedEngine> {
  const observe = async () => observeEngine(engine, { ...request, madeHere: madeHere(memory.readState()) });
  let observed = await observe();
  for (const readStatus of statuses) {
    const unproven = findUnproven(observed);
    if (unproven.length === 0) break;
    const made = (await readStatus())?.made ?? [];
    if (!unproven.some((id) => made.includes(id))) continue;
    noteMade(memory, made);
    observed = await observe();
  }
  const { loss = { made: [], unproven: [] } } = memory.readState();
  const unproven = findUnproven(observed);
  if (unproven.length + loss.unproven.length > 0) memory.noteLoss({ ...loss, unproven });
  return observed;
}

function findUnproven({ containers, networks }: ObservedEngine): string[] {
  return [...containers, ...networks]
    .filter(({ ownership }) => ownership === "unproven")
    .map(({ id }) => shortId(id));
}

/**
 * What the node remembers, for commands that change nothing. Reads the record again for a container with our labels that it lacked.
 */
export async function lookUpMemory(settings: Pick<NodeSettings, "stateDir">): Promise<MadeHere> {
  const made = parseStatus(await readStatus(settings.stateDir))?.made ?? [];
  const read = () => {
    const state = readRecordState(settings);
    return madeHere(isForgotten(state) ? { ...state, loss: { made, unproven: [] } } : state);
  };
  let memory = read();
  return {
    container: (of) => {
      if (memory.container(of) === "known") return "known";
      memory = read();
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
