import { KeelsonError, type RecordState, Status, emptyRecord, transient } from "@keelson/model";
import { expect, test } from "vitest";

import { overlayMemory } from "./memory.ts";
import { lastStatuses, recoverRecord } from "./lost-record.ts";

const last = Status.parse({
  v: 1,
  seq: 1,
  node: { environment: "lab", name: "lab-1" },
  agent: { version: "0.1.0", bootId: "" },
  observedAt: "",
  heartbeatSeconds: 0,
  source: { url: "", branch: "main", observed: "", attempted: "", applied: "" },
  lockDigest: "",
  desiredDigest: "",
  appliedDigest: "",
  conditions: [],
  operation: null,
  retry: null,
  errors: [],
  instances: [],
  volumes: { "lab-core_data": ["core/db"], "lab-old_data": [] },
  made: ["abcdefabcdef"],
  omitted: { errors: 0, instances: 0, services: 0 },
});
const told = {
  "lab-core_data": { users: ["core/db"], package: "", state: "used" },
  "lab-old_data": { users: [], package: "", state: "given-up" },
};
const own: RecordState = { ...emptyRecord, networks: { n: "1" } };

const memoryOf = (state: RecordState) => overlayMemory({ ...overlayMemory(null), readState: () => state });

test("a lost record gets volumes and ids of the last status, and no other does", async () => {
  const read = async (state: RecordState) => {
    const memory = memoryOf(state);
    await recoverRecord(memory, [async () => Promise.resolve(null), async () => Promise.resolve(last)]);
    const { volumes, loss } = memory.readState();
    return { volumes, loss };
  };
  expect(await read(emptyRecord)).toEqual({
    volumes: told,
    loss: { made: ["abcdefabcdef"], unproven: [] },
  });
  expect(await read(own)).toEqual({ volumes: {} });
});

test("the published status is asked for once, and only where there is no other", async () => {
  let asked = 0;
  const readPublished = async () => {
    asked += 1;
    return Promise.resolve(last);
  };
  const statuses = lastStatuses({ readStatus: async () => Promise.resolve(null), readPublished });
  await recoverRecord(memoryOf(emptyRecord), statuses);
  await recoverRecord(memoryOf(emptyRecord), statuses);
  expect(asked).toBe(1);
  const local = lastStatuses({ readStatus: async () => Promise.resolve(last), readPublished });
  await recoverRecord(memoryOf(emptyRecord), local);
  expect(asked).toBe(1);
});

test("a status that cannot be read is not none (K4018)", async () => {
  const readPublished = async () =>
    Promise.reject(new KeelsonError({ code: "K2001", message: "no answer", outcome: transient }));
  const statuses = lastStatuses({ readStatus: async () => Promise.resolve(null), readPublished });
  await expect(recoverRecord(memoryOf(emptyRecord), statuses)).rejects.toMatchObject({
    code: "K4018",
    outcome: transient,
    cause: { code: "K2001" },
  });
});
