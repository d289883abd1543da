import { type RecordState, Status, emptyRecord } from "@keelson/model";
import { expect, test } from "vitest";

import { overlayMemory } from "./memory.ts";
import { rebuildVolumes, volumesByStatus, withVolumes } from "./remembered-volume.ts";

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
  omitted: { errors: 0, instances: 0, services: 0 },
});
const told = {
  "lab-core_data": { users: ["core/db"], package: "", state: "used" },
  "lab-old_data": { users: [], package: "", state: "given-up" },
};
const own: RecordState = { ...emptyRecord, networks: { n: "1" } };

test("a lost record gets the volumes of the last status, and no other does", async () => {
  expect(volumesByStatus(emptyRecord, last)).toEqual(told);
  expect(volumesByStatus(own, last)).toEqual({});
  const of = async (state: RecordState) => {
    const volumes: RecordState["volumes"][] = [];
    const record = {
      readState: () => state,
      rememberVolumes: (all: RecordState["volumes"]) => void volumes.push(all),
    };
    await rebuildVolumes(record, async () => Promise.resolve(last));
    return volumes;
  };
  expect(await of(emptyRecord)).toEqual([told]);
  expect(await of(own)).toEqual([]);
});

test("a look at a lost record knows them, too", async () => {
  const memory = await withVolumes(overlayMemory(null), async () => Promise.resolve(last));
  expect(memory.readState().volumes).toEqual(told);
});
