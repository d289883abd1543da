import type { MountPlace, ObservedContainer } from "@keelson/model";
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { type InstanceSketch, node } from "./desired-fixture.ts";
import type { ServiceSketch } from "./service-fixture.ts";
import { applied, changed } from "./node-fixture.ts";
import { permitted, planOf } from "./plan-fixture.ts";
import { simulate } from "./simulate.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { findVolumeUse } from "./volume-use.ts";

type Revision = Record<string, InstanceSketch>;
/** What somebody does to a node between two revisions. */
type Accident = "none" | "container" | "volume" | "round";
interface Step {
  revision: Revision;
  accident: Accident;
  pick: number;
}

const paths = ["/a", "/b", "/a/x"];
const anyMount = (key: string) =>
  fc.option(
    fc
      .record({ path: fc.constantFrom(...paths), ro: fc.boolean() })
      .map(({ path, ro }) => `${key}:${path}${ro ? ":ro" : ""}`),
    { freq: 2 },
  );

function anyService(): fc.Arbitrary<ServiceSketch> {
  return fc
    .record({
      data: anyMount("data"),
      files: anyMount("files"),
      other: fc.constantFrom<ServiceSketch>({}, {}, { anonymous: ["/b"] }, { memory: ["/a/x"] }),
      environment: fc.constantFrom("x", "y"),
      replicas: fc.constantFrom(1, 1, 1, 0),
    })
    .map(({ data, files, other, ...rest }) => {
      const volumes = [data, files].filter((each) => each !== null);
      const pathOf = (text: string) => text.split(":")[1] ?? "";
      const [first, second] = volumes.map(pathOf);
      const named = first === second ? volumes.slice(0, 1) : volumes;
      const isTaken = (path: string) => named.some((text) => pathOf(text) === path);
      return {
        ...rest,
        volumes: named,
        anonymous: (other.anonymous ?? []).filter((path) => !isTaken(path)),
        memory: (other.memory ?? []).filter((path) => !isTaken(path)),
      };
    });
}

const anyInstance = fc
  .record({
    package: fc.constantFrom("wiki", "shop"),
    state: fc.constantFrom<("running" | "staged" | "installed")[]>(
      "running",
      "running",
      "running",
      "staged",
      "installed",
    ),
    db: fc.option(anyService(), { freq: 6 }),
    app: fc.option(anyService(), { freq: 2 }),
    web: fc.option(anyService(), { freq: 2 }),
  })
  .map(({ db, app, web, ...rest }): InstanceSketch => {
    const services = Object.entries({ db, app, web }).flatMap(([name, each]) =>
      each === null ? [] : [[name, each]],
    );
    return { ...rest, services: Object.fromEntries(services), volumes: { data: "x", files: "x" } };
  });

const anyRevision: fc.Arbitrary<Revision> = fc
  .record({ one: fc.option(anyInstance, { freq: 6 }), two: fc.option(anyInstance, { freq: 1 }) })
  .map((all) =>
    Object.fromEntries(Object.entries(all).flatMap(([name, each]) => (each === null ? [] : [[name, each]]))),
  );

const anyHistory = fc.array(
  fc.record({
    revision: anyRevision,
    accident: fc.constantFrom<Accident[]>("none", "none", "none", "container", "volume", "round"),
    pick: fc.nat(),
  }),
  { minLength: 2, maxLength: 5 },
);

/** Where a service wrote last, by path. */
type Written = Map<string, Map<string, { volume: string; kind: MountPlace["kind"]; covered: string[] }>>;

const userOf = ({ instance, service }: ObservedContainer) => `${instance}/${service}`;
const isInside = (path: string, outer: string) => path.startsWith(`${outer}/`);
const coveredIn = ({ places = [] }: ObservedContainer, path: string) =>
  places.filter((each) => each.kind !== "bind" && isInside(each.path, path)).map((each) => each.path);

/** What no plan may do: let a service run without what it wrote, where it wrote it. */
function findBegunEmpty(written: Written, { observed }: SimulatedNode): string[] {
  return observed.containers
    .filter(({ state }) => state === "running")
    .flatMap((container) =>
      [...(written.get(userOf(container)) ?? [])].flatMap(([path, had]) => {
        const place = container.places?.find((each) => each.path === path);
        if (place?.volume !== had.volume) return [`${userOf(container)} had ${had.volume} at ${path}`];
        const covering = coveredIn(container, path).filter((each) => !had.covered.includes(each));
        return covering.map((each) => `${userOf(container)} has ${each} over ${had.volume}`);
      }),
    );
}

/** What came in the round in which all that wrote a volume of its instance or package went. */
function findSuccessors(
  { before, after }: { before: SimulatedNode; after: SimulatedNode },
  old: ReadonlySet<string>,
): string[] {
  const isWriting = ({ volume, kind, readOnly }: MountPlace, name: string) =>
    kind === "volume" && volume === name && !readOnly;
  const users = new Set(
    after.desired.instances.flatMap(({ name, services }) => services.map((each) => `${name}/${each.name}`)),
  );
  const packageOf = ({ desired }: SimulatedNode, instance: string) =>
    desired.instances.find(({ name }) => name === instance)?.package.reference;
  return after.observed.containers
    .filter((each) => each.state === "running" && !old.has(userOf(each)))
    .filter((each) => before.record.serviceParts[`lab-${userOf(each)}`] === undefined)
    .flatMap((each) =>
      before.observed.volumes
        .filter(({ name }) => {
          const writers = before.observed.containers.filter(({ places = [] }) =>
            places.some((place) => isWriting(place, name)),
          );
          const gone = writers.filter((other) => !users.has(userOf(other)));
          const isKin = gone.some(
            (other) =>
              other.instance === each.instance ||
              packageOf(before, other.instance) === packageOf(after, each.instance),
          );
          const desired = after.desired.instances.flatMap(({ services }) => services);
          const isWritten = desired.some(({ places }) => places.some((place) => isWriting(place, name)));
          return isKin && !isWritten && !each.volumes.includes(name);
        })
        .map(({ name }) => `${userOf(each)} came while ${name} was left`),
    );
}

/** What nobody can know: of an anonymous volume whose container is gone, and of a service that went and left its volume to others. */
function forget(written: Written, { observed, desired }: SimulatedNode): void {
  const uses = findVolumeUse(desired);
  const wanted = new Set(
    desired.instances.flatMap(({ name, services }) => services.map((each) => `${name}/${each.name}`)),
  );
  const there = new Set(observed.containers.flatMap(({ anonymousVolumes = [] }) => anonymousVolumes));
  for (const [user, places] of written) {
    for (const [path, { volume, kind }] of places) {
      const isForgotten = kind === "anonymous" ? !there.has(volume) : !wanted.has(user) && uses.has(volume);
      if (isForgotten) places.delete(path);
    }
  }
}

function note(written: Written, { observed }: SimulatedNode): void {
  for (const container of observed.containers.filter(({ state }) => state === "running")) {
    const places = (container.places ?? []).filter(({ volume, readOnly }) => volume !== "" && !readOnly);
    const had = places.map(
      ({ path, volume, kind }) => [path, { volume, kind, covered: coveredIn(container, path) }] as const,
    );
    written.set(userOf(container), new Map([...(written.get(userOf(container)) ?? []), ...had]));
  }
}

function happen(state: SimulatedNode, { accident, pick }: Step): SimulatedNode {
  return changed(state, (copy) => {
    const { observed } = copy;
    // What an image declares is known here, and none declares a volume.
    for (const image of Object.values(observed.images)) if (image !== null) image.volumes = [];
    if (accident === "container")
      observed.containers.splice(pick % Math.max(1, observed.containers.length), 1);
    // What goes while nothing uses it was removed by a person.
    const used = observed.containers.flatMap(({ volumes }) => volumes);
    const lost = used[pick % Math.max(1, used.length)];
    if (accident !== "volume" || lost === undefined) return;
    observed.volumes = observed.volumes.filter(({ name }) => name !== lost);
    observed.containers = observed.containers.filter(({ volumes }) => !volumes.includes(lost));
  });
}

/** One round, which may be killed after some of its operations. */
function round(state: SimulatedNode, count = Number.POSITIVE_INFINITY): SimulatedNode {
  const { operations } = planOf({ ...state, policy: permitted });
  const done = simulate(state, operations.slice(0, count));
  return { ...state, ...done };
}

test("no history lets a service begin empty where it wrote, or in the place of one that went, while nobody permits it", () => {
  fc.assert(
    fc.property(anyHistory, (steps) => {
      const [first, ...others] = steps;
      if (first === undefined) return;
      let state = applied(node(first.revision));
      const written: Written = new Map();
      note(written, state);
      for (const step of others) {
        const old = new Set(state.observed.containers.map(userOf));
        const before = happen(state, step);
        forget(written, before);
        const wanting = { ...before, desired: node(step.revision) };
        state = round(round(step.accident === "round" ? round(wanting, step.pick % 4) : wanting));
        expect(findBegunEmpty(written, state)).toEqual([]);
        expect(findSuccessors({ before, after: state }, old)).toEqual([]);
        forget(written, state);
        note(written, state);
      }
    }),
    { numRuns: 400 },
  );
});
