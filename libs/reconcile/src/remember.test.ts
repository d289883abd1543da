import {
  type DesiredNode,
  type DesiredService,
  type ObservedContainer,
  type ObservedNode,
  type RecordState,
  emptyRecord,
  withAccepted,
} from "@keelson/model";
import { emptyObserved } from "@keelson/plan";
import { expect, test } from "vitest";

import type { RecordPort } from "./ports.ts";
import { rememberRound, rememberUse } from "./remember.ts";

const older = { algorithm: "v1", digest: "d1", parts: { image: "web:1" } };
const newer = { algorithm: "v2", digest: "d2", parts: { image: "web:1", hostname: "h" } };
const newest = { algorithm: "v3", digest: "d3", parts: { image: "web:1", platform: "p" } };

function desiredWith(digests: DesiredService["digests"]): DesiredNode {
  const service: DesiredService = {
    name: "web",
    image: "web:1",
    digests,
    replicas: 1,
    oneShot: false,
    endAwaited: false,
    hasHealthcheck: false,
    trialMs: 1000,
    stopGraceMs: null,
    dependsOn: [],
    sharesWith: [],
    networks: [],
    volumes: [],
    places: [],
    ports: [],
  };
  const instance = {
    name: "core",
    project: "lab-core",
    package: { reference: "app/core", version: "1.0.0" },
    state: "running" as const,
    after: [],
    services: [service],
    networks: [],
    volumes: [],
    mounts: [],
    folders: [],
    grants: [],
    compose: { name: "lab-core", services: {}, networks: {}, volumes: {}, secrets: {}, configs: {} },
  };
  return {
    environment: "lab",
    node: "lab-1",
    lockDigest: "l",
    digest: "d",
    instances: [instance],
    networks: [],
    held: [],
  };
}

function container(id: string, more: Partial<ObservedContainer> = {}): ObservedContainer {
  return {
    id,
    name: "lab-core-web-1",
    ownership: "ours",
    project: "lab-core",
    service: "web",
    instance: "core",
    digest: "d1",
    image: "web:1",
    imageId: "i",
    state: "running",
    health: "none",
    exitCode: 0,
    networks: [],
    binds: [],
    writableBinds: [],
    volumes: [],
    startedAt: "",
    ...more,
  };
}

/** Remembers a round and returns what the record was told. */
function rememberedBy(
  digests: DesiredService["digests"],
  before: { containers: ObservedContainer[]; record?: Partial<RecordState> },
): Partial<Pick<RecordState, "accepted" | "serviceParts">> {
  const state = { ...emptyRecord, ...before.record };
  const told: ReturnType<typeof rememberedBy> = {};
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the others are never asked for
  const record = {
    readState: () => state,
    rememberContainers: () => {},
    rememberNetworks: () => {},
    forgetContainers: () => {},
    forgetNetworks: () => {},
    rememberVolumes: () => {},
    forgetVolumes: () => {},
    rememberFolders: () => {},
    forgetFolders: () => {},
    saveRenewed: () => {},
    rememberLimits: () => {},
    noteCrashes: () => {},
    acceptContainers: (accepted: RecordState["accepted"]) => {
      told.accepted = accepted;
    },
    saveServiceParts: (name: string, parts: RecordState["serviceParts"][string]) => {
      told.serviceParts = { [name]: parts };
    },
  } as unknown as RecordPort;
  const observed: ObservedNode = { ...emptyObserved, containers: withAccepted(before.containers, state) };
  const done = { desired: desiredWith(digests), observed, commit: "c", reached: "none" as const };
  rememberRound({ record, now: () => new Date(0) }, done);
  return told;
}

const acceptedAs = ({ algorithm, digest }: typeof older) => ({ c1: { algorithm, digest } });

test("a container that is in sync by an older algorithm is accepted for the newest one's digest", () => {
  expect(rememberedBy([newer, older], { containers: [container("c1")] })).toEqual({
    accepted: acceptedAs(newer),
    serviceParts: { "lab-core/web": { algorithm: "v2", parts: newer.parts } },
  });
});

test("one that was accepted before is accepted for the next algorithm, also when its label says nothing any more", () => {
  const record = { accepted: acceptedAs(newer) };
  expect(rememberedBy([newest, newer], { containers: [container("c1")], record }).accepted).toEqual(
    acceptedAs(newest),
  );
});

test("one whose digest is the same under the next algorithm is accepted under its name: the older one goes some day", () => {
  const record = { accepted: acceptedAs(older) };
  const same = { ...newer, digest: older.digest };
  for (const digest of ["", older.digest]) {
    const containers = [container("c1", { digest })];
    expect(rememberedBy([same, older], { containers, record }).accepted).toEqual(acceptedAs(same));
  }
});

test.each<[string, DesiredService["digests"], Parameters<typeof rememberedBy>[1]]>([
  ["carries the newest digest", [older], { containers: [container("c1")] }],
  [
    "is accepted already",
    [newer, older],
    { containers: [container("c1")], record: { accepted: acceptedAs(newer) } },
  ],
  ["is out of sync", [newer], { containers: [container("c1")] }],
  [
    "is accepted for what is not desired any more, though its label is that of an older algorithm",
    [{ ...newer, digest: "d2 of today" }, older],
    { containers: [container("c1")], record: { accepted: acceptedAs(newer) } },
  ],
  [
    "is another one with a copied label",
    [newest, newer],
    { containers: [container("c2")], record: { accepted: acceptedAs(newer) } },
  ],
  ["is another owner's", [newer, older], { containers: [container("c1", { ownership: "forged" })] }],
  ["is no service's any more", [newer, older], { containers: [container("c1", { service: "gone" })] }],
])("nothing is accepted for what %s", (_, digests, before) => {
  expect(rememberedBy(digests, before).accepted ?? {}).toEqual({});
});

test("who has a volume is noted before anything is done, and once", () => {
  const volume = {
    name: "lab-core_data",
    ownership: "ours" as const,
    flaw: "",
    project: "lab-core",
    digest: "",
  };
  const observed: ObservedNode = {
    ...emptyObserved,
    containers: [container("c1", { volumes: [volume.name] })],
    volumes: [{ ...volume, format: null, generation: 1 }],
  };
  const desired = desiredWith([newer, older]);
  let state = emptyRecord;
  const told: RecordState["volumes"][] = [];
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the others are never asked for
  const record = {
    readState: () => state,
    rememberFolders: () => {},
    rememberVolumes: (volumes: RecordState["volumes"]) => {
      told.push(volumes);
      state = { ...state, volumes: { ...state.volumes, ...volumes } };
    },
  } as unknown as RecordPort;
  rememberUse({ record }, { desired, observed });
  rememberUse({ record }, { desired, observed });
  expect(told).toEqual([{ [volume.name]: { users: ["core/web"], package: "", state: "used" } }, {}]);
});

test("of a commit that is followed in part, what is applied of it is remembered, and the commit of before", () => {
  const applied: NonNullable<RecordState["applied"]> = {
    commit: "before",
    desiredDigest: "d0",
    lockDigest: "l",
    appliedAt: "",
    instanceOrder: ["wiki"],
    dependsOn: {},
    services: { wiki: ["lab-wiki/web"] },
  };
  const saved: [string, RecordState["applied"]][] = [];
  const save = (state: RecordState) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the others are never asked for
    const record = new Proxy({} as RecordPort, {
      get: (_, name) => {
        if (name === "readState") return () => state;
        return (value: RecordState["applied"]) => {
          if (name === "amendApplied" || name === "saveApplied") saved.push([name, value]);
        };
      },
    });
    const wiki = { name: "wiki", project: "lab-wiki", isElsewhere: false, requires: null };
    const desired = { ...desiredWith([newer]), held: [wiki] };
    const ports = { record, now: () => new Date(0) };
    rememberRound(ports, { desired, observed: emptyObserved, commit: "c", reached: "part" });
  };
  save({ ...emptyRecord, applied });
  expect(saved).toMatchObject([
    [
      "amendApplied",
      {
        commit: "before",
        desiredDigest: "d0",
        instanceOrder: ["core", "wiki"],
        services: { core: ["lab-core/web"], wiki: ["lab-wiki/web"] },
      },
    ],
  ]);
  save({ ...emptyRecord, applied: saved[0]?.[1] ?? null });
  save(emptyRecord);
  expect(saved).toHaveLength(1);
});
