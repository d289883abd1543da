import type { ObservedContainer, OnChange } from "@keelson/model";
import { emptyRecord, isLeftoverName } from "@keelson/model";
import * as fc from "fast-check";

import { type InstanceSketch, type ServiceSketch, node } from "./desired-fixture.ts";
import { type MountSketch } from "./mount-fixture.ts";
import { applied, changed, container, unseen } from "./node-fixture.ts";
import type { SimulatedNode } from "./simulated-node.ts";

const instanceNames = ["a", "b", "c"];
const serviceNames = ["app", "db", "job", "web"];

/**
 * A node on which one desired state was applied, to which things happened, and that is to have another one. Unless told,
 * the other one may leave data behind.
 */
export function anyNode(has: { strangers: boolean; renew?: number }): fc.Arbitrary<SimulatedNode> {
  const { renew = 1 } = has;
  return fc
    .record({
      before: anyDesired(),
      desired: anyDesired().map((instances) =>
        Object.fromEntries(Object.entries(instances).map(([name, sketch]) => [name, { ...sketch, renew }])),
      ),
      accidents: fc.array(anyAccident(), { maxLength: 5 }),
      strangers: has.strangers ? fc.array(anyStranger(), { maxLength: 3 }) : fc.constant([]),
    })
    .map(({ before, desired, accidents, strangers }) => {
      const happened = [...accidents, ...strangers].reduce(changed, applied(node(before)));
      return { ...happened, desired: node(desired) };
    });
}

type Happening = (state: SimulatedNode) => void;

function anyDesired(): fc.Arbitrary<Record<string, InstanceSketch>> {
  const instances = instanceNames.map((name) =>
    fc.option(anyInstance(instanceNames.filter((other) => other !== name)), { freq: 5 }),
  );
  return fc.tuple(...instances).map((sketches) => {
    const named = sketches.map((sketch, index) => [instanceNames[index] ?? "", sketch] as const);
    return Object.fromEntries(named.filter((entry): entry is [string, InstanceSketch] => entry[1] !== null));
  });
}

function anyInstance(others: string[]): fc.Arbitrary<InstanceSketch> {
  return fc
    .record({
      state: fc.oneof(
        { weight: 6, arbitrary: fc.constant("running" as const) },
        { weight: 1, arbitrary: fc.constantFrom("installed" as const, "staged" as const) },
      ),
      after: fc.subarray(others, { maxLength: 1 }),
      services: fc.tuple(
        ...serviceNames.map((_, index) => fc.option(anyService(serviceNames.slice(0, index)))),
      ),
      mounts: fc.array(anyMount(), { maxLength: 2 }),
      inner: fc.constantFrom("x", "x", "y"),
    })
    .map(({ services, mounts, inner, ...rest }) => {
      const named = serviceNames.flatMap((name, index) => {
        const sketch = services[index];
        return sketch === null || sketch === undefined ? [] : [[name, sketch] as const];
      });
      return {
        ...rest,
        services: withKnownNames(Object.fromEntries(named)),
        mounts: withDistinctSources(mounts, new Set(named.map(([name]) => name))),
        networks: { inner },
        volumes: { data: "x" },
      };
    });
}

function anyService(earlier: string[]): fc.Arbitrary<ServiceSketch> {
  return fc
    .record({
      image: fc.constantFrom("image:1", "image:2"),
      replicas: fc.constantFrom(1, 1, 1, 1, 2, 3, 0),
      healthcheck: fc.boolean(),
      dependsOn: fc.subarray(earlier),
      condition: fc.constantFrom("", ":healthy", "!"),
      sharesWith: fc.option(fc.constantFrom(...earlier, undefined), { freq: 6 }),
      volumes: fc.subarray(["data"]),
      environment: fc.constantFrom("x", "y"),
    })
    .map(({ condition, dependsOn, sharesWith, ...sketch }) => {
      const conditions = dependsOn.map((name) => `${name}${name === "job" ? ":completed" : condition}`);
      if (sharesWith === null || sharesWith === undefined || sharesWith === "job")
        return { ...sketch, dependsOn: conditions };
      const implied = dependsOn.includes(sharesWith) ? [] : [`${sharesWith}!`];
      return { ...sketch, replicas: 1, sharesWith: [sharesWith], dependsOn: [...conditions, ...implied] };
    });
}

/** Leaves out what names a service that is not there; the job is a one-shot, and whoever hosts others is one container. */
function withKnownNames(services: Record<string, ServiceSketch>): Record<string, ServiceSketch> {
  const isKnown = (name: string) => services[name.split(/[:!]/)[0] ?? ""] !== undefined;
  const hosts = new Set(Object.values(services).flatMap(({ sharesWith }) => sharesWith ?? []));
  return Object.fromEntries(
    Object.entries(services).map(([name, { sharesWith, ...sketch }]) => [
      name,
      {
        ...sketch,
        ...(sharesWith?.every(isKnown) === true ? { sharesWith } : {}),
        dependsOn: (sketch.dependsOn ?? []).filter(isKnown),
        replicas: hosts.has(name) ? 1 : (sketch.replicas ?? 1),
        ...(name === "job" ? { oneShot: true, healthcheck: false } : {}),
      },
    ]),
  );
}

function anyMount(): fc.Arbitrary<MountSketch> {
  const onChange = fc.constantFrom<OnChange>(
    "none",
    "signal:HUP",
    { exec: ["reload"] },
    "restart",
    "recreate",
    "seed",
  );
  return fc
    .record({
      source: fc.constantFrom("conf", "pages"),
      services: fc.subarray(serviceNames, { minLength: 1, maxLength: 2 }),
      onChange,
      files: fc.uniqueArray(
        fc.record({ name: fc.constantFrom("a", "b"), content: fc.constantFrom("1", "2") }),
        {
          minLength: 1,
          selector: ({ name }) => name,
        },
      ),
    })
    .map(({ source, services, onChange, files }) => ({
      source: `${source}/${JSON.stringify(onChange).replace(/\W/g, "")}`,
      services,
      files: files.map(({ name, content }) => ({
        to: `${source}/${JSON.stringify(onChange).replace(/\W/g, "")}/${name}`,
        content,
        onChange,
      })),
    }));
}

function withDistinctSources(mounts: readonly MountSketch[], known: ReadonlySet<string>): MountSketch[] {
  const bySource = new Map(mounts.map((mount) => [mount.source, mount]));
  return [...bySource.values()]
    .map((mount) => ({ ...mount, services: mount.services.filter((name) => known.has(name)) }))
    .filter(({ services }) => services.length > 0);
}

/** What happens to a node that nobody planned. */
function anyAccident(): fc.Arbitrary<Happening> {
  const state = fc.constantFrom("exited", "created", "paused", "dead", "removing", "restarting" as const);
  const health = fc.constantFrom("starting", "unhealthy" as const);
  return fc.oneof(
    onContainer(fc.record({ state, exitCode: fc.constantFrom(0, 1) })),
    onContainer(fc.record({ health })),
    onContainer(fc.constant({ networks: [] })),
    onContainer(fc.constant({ digest: "older" })),
    fc.nat().map((pick) => (copy: SimulatedNode) => changeLimits(copy, pick)),
    fc.constant(({ observed }: SimulatedNode) => {
      const [image] = Object.values(observed.images);
      if (image !== null && image !== undefined) image.id = "rebuilt";
    }),
    fc.nat().map(
      (pick) =>
        ({ observed }: SimulatedNode) =>
          void observed.containers.splice(pick % 7, 1),
    ),
    fc.nat().map((pick) => (copy: SimulatedNode) => leaveOver(copy, pick)),
    fc.nat().map((pick) => ({ observed }: SimulatedNode) => {
      const files = observed.storedInstances[pick % 3]?.files ?? {};
      const path = Object.keys(files)[pick % 2];
      if (path !== undefined && pick % 5 === 0) delete files[path];
      else if (path !== undefined) Object.assign(files[path] ?? {}, { contentDigest: "differs" });
    }),
    fc.nat().map((pick) => ({ observed }: SimulatedNode) => {
      for (const stored of observed.storedInstances.slice(pick % 3)) stored.applied = null;
    }),
    fc.constant((copy: SimulatedNode) => {
      // Counters of which it knows nothing would count as followed; here they are to be new.
      copy.record = { ...emptyRecord, renewed: Object.fromEntries(instanceNames.map((name) => [name, 0])) };
    }),
    fc.constant(({ observed }: SimulatedNode) => {
      observed.images = {};
    }),
  );
}

function onContainer(fields: fc.Arbitrary<Partial<ObservedContainer>>): fc.Arbitrary<Happening> {
  return fc.record({ pick: fc.nat(), fields }).map(({ pick, fields }) => ({ observed }) => {
    Object.assign(observed.containers[pick % Math.max(1, observed.containers.length)] ?? {}, fields);
  });
}

/** Somebody has called `docker update`. */
function changeLimits({ observed, record }: SimulatedNode, pick: number): void {
  const container = observed.containers[pick % Math.max(1, observed.containers.length)];
  if (container === undefined) return;
  container.limits = { memory: "64" };
  record.limits = { ...record.limits, [container.id]: { memory: "32" } };
}

/** A Compose that was killed in the middle of a replacement. */
function leaveOver({ observed }: SimulatedNode, pick: number): void {
  const old = observed.containers[pick % Math.max(1, observed.containers.length)];
  if (old === undefined || old.ownership !== "ours" || isLeftoverName(old.name)) return;
  const name = `0123456789ab_${old.name}`;
  if (observed.containers.some((each) => each.name === name)) return;
  if (pick % 2 === 0) Object.assign(old, { name });
  else observed.containers.push({ ...old, id: `new ${old.id}`, name, state: "created", digest: "other" });
}

/** Containers that are nobody's business, some with our labels. */
function anyStranger(): fc.Arbitrary<Happening> {
  const place = fc.record({
    project: fc.constantFrom("lab-a", "lab-b", "other"),
    service: fc.constantFrom(...serviceNames),
    networks: fc.subarray(["lab-a_inner", "lab-b_inner"]),
  });
  return fc.oneof(
    fc.record({ place, ownership: fc.constantFrom("foreign" as const, "forged" as const) }).map(
      ({ place, ownership }) =>
        ({ observed }: SimulatedNode) =>
          void observed.containers.push(
            container(`stranger-${observed.containers.length}`, { ...place, ownership }),
          ),
    ),
    fc.nat().map((pick) => ({ observed, record }: SimulatedNode) => {
      const original = observed.containers[pick % Math.max(1, observed.containers.length)];
      if (original === undefined || record.containers[original.id] === undefined) return;
      const name = original.name.replace(/-\d+$/, `-${90 + observed.containers.length}`);
      observed.containers.push({ ...original, id: `copy ${name}`, name, ownership: "forged" });
    }),
    fc.nat().map((pick) => ({ observed }: SimulatedNode) => {
      const original = observed.containers[pick % Math.max(1, observed.containers.length)];
      const ownership = pick % 2 === 0 ? "forged" : "unproven";
      if (original !== undefined) Object.assign(original, { id: `copy ${original.name}`, ownership });
    }),
    fc
      .record({ pick: fc.nat(), hides: fc.constantFrom("files" as const, "others" as const) })
      .map(({ pick, hides }) => ({ observed }: SimulatedNode) => {
        const stored = observed.storedInstances[pick % 3];
        if (stored !== undefined) Object.assign(stored, unseen(hides));
      }),
    fc.constantFrom("lab-a-web-1", null).map((holder) => ({ observed }: SimulatedNode) => {
      observed.heldPorts = [{ hostIp: "", port: 80, protocol: "tcp", container: holder }];
    }),
    fc.constant(({ observed }: SimulatedNode) => {
      for (const network of observed.networks.slice(0, 1)) network.ownership = "foreign";
    }),
    fc.constant(({ observed }: SimulatedNode) => {
      for (const volume of observed.volumes.slice(0, 1)) volume.digest = "other";
    }),
  );
}
