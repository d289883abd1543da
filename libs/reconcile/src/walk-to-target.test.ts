import {
  type Candidate,
  type KeelsonEvent,
  type SourceFiles,
  type Snapshot,
  KeelsonError,
  emptyRecord,
  widestWaits,
} from "@keelson/model";
import { expect, it } from "vitest";

import { snapshotOfFiles } from "./test-snapshot.ts";
import { newWalk } from "./walk-path.ts";
import { type TargetPorts, walkToTarget } from "./walk-to-target.ts";

const reference = { environment: "lab", node: "lab-1" };

function snapshotOf(commit: string, documents: Record<string, string>): Snapshot {
  const files: SourceFiles = new Map(
    Object.entries(documents).map(([path, text]) => [
      path,
      { path, mode: "100644", bytes: new TextEncoder().encode(text) },
    ]),
  );
  return snapshotOfFiles(files, commit);
}

const environment = "environments/lab/environment.yaml";
const wrong = snapshotOf("b", { [environment]: "name: lab\nunknown: 1\n" });
const wrongToo = snapshotOf("a", { [environment]: "name: lab\nstrange: 1\n" });

/** A node whose walk ends where documents are read: nothing beyond that is asked. */
async function walkOf(node: { attempted: Snapshot | null; candidate: Candidate }) {
  const events: KeelsonEvent[] = [];
  const neverAsked = (): never => {
    throw new Error("nothing of it may be asked");
  };
  const { attempted, candidate } = node;
  const secrets = { hasValue: neverAsked, ownerOf: neverAsked, ownershipOf: neverAsked, isPlain: neverAsked };
  const contents = {
    digestContent: neverAsked,
    keyedDigest: neverAsked,
    fillSecrets: neverAsked,
    isKnown: neverAsked,
    findEnvironmentFault: neverAsked,
    openSealed: neverAsked,
  };
  const ports: TargetPorts = {
    emit: (event) => events.push(event),
    findCandidates: async () => Promise.resolve([candidate]),
    readEarlier: async (commit) => Promise.resolve(attempted?.commit === commit ? attempted : null),
    record: {
      readState: () => ({ ...emptyRecord, attempted: attempted?.commit ?? null }),
      readComposeModel: neverAsked,
      saveComposeModel: neverAsked,
    },
    secrets: { ...secrets, ...contents, hideValues: neverAsked },
    gateCompose: neverAsked,
    listImages: neverAsked,
    resolveCompose: neverAsked,
    observeEngine: neverAsked,
    observeStore: neverAsked,
    observeHost: neverAsked,
    findSameFiles: neverAsked,
    findSameSecrets: neverAsked,
    allow: {},
    waits: widestWaits,
    now: neverAsked,
  };
  const walk = newWalk();
  await walkToTarget(walk, { ports, suspension: null, reference });
  const targets = events.flatMap((event) => (event.type === "target-chosen" ? [event.target] : []));
  return {
    walk,
    targets,
    steps: events.flatMap((event) => (event.type === "step-started" ? [event.step] : [])),
  };
}

const accepted: Candidate = { branch: "main", verdict: { kind: "accepted", snapshot: wrong }, last: wrong };
const placesOf = (problems: { file: string; message: string }[]) => problems.map(({ message }) => message);

it("must tell the problems of both when the commit that the node is held at has some, too", async () => {
  const { walk, targets, steps } = await walkOf({ attempted: wrongToo, candidate: accepted });
  const messages = placesOf(walk.problems).join("\n");
  expect(messages).toContain("unknown");
  expect(messages).toContain("strange");
  expect(targets.map(({ instances }) => instances?.every.snapshot.commit)).toEqual(["b", "a"]);
  expect(walk.target).toBe(targets[1]);
  expect(walk.shown).toBe("b");
  expect(steps).toEqual(["fetch", "read", "render", "read", "render"]);
  expect(Object.keys(walk.times)).toEqual(["fetch", "read", "render"]);
});

it("must choose once when nothing else was worked on", async () => {
  const { walk, targets } = await walkOf({ attempted: null, candidate: accepted });
  expect(placesOf(walk.problems).join()).toContain("unknown");
  expect(targets).toHaveLength(1);
});

it("must choose once when the commit itself was worked on", async () => {
  const { targets } = await walkOf({ attempted: wrong, candidate: accepted });
  expect(targets).toHaveLength(1);
});

it("must read nothing when there is nothing to be at", async () => {
  const error = new KeelsonError({ code: "K2001", message: "away" });
  const candidate: Candidate = { branch: "main", verdict: { kind: "unavailable", error }, last: null };
  const { walk, steps } = await walkOf({ attempted: wrongToo, candidate });
  expect(steps).toEqual(["fetch"]);
  expect(walk).toMatchObject({
    target: { instances: null, because: [{ kind: "unavailable" }] },
    problems: [],
  });
});
