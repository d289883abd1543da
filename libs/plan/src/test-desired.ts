import { type OnChange, mapValues } from "@keelson/model";
import * as fc from "fast-check";

import type { InstanceSketch } from "./desired-fixture.ts";
import type { ServiceSketch } from "./service-fixture.ts";
import type { FolderSketch } from "./folder-fixture.ts";
import type { MountSketch } from "./mount-fixture.ts";

export const instanceNames = ["a", "b", "c"];
export const serviceNames = ["app", "db", "job", "web"];
export const containerNames = ["front", "back"];

/** The sketches of a desired state, by the names of their instances. */
export function anyDesired(): fc.Arbitrary<Record<string, InstanceSketch>> {
  const instances = instanceNames.map((name) =>
    fc.option(anyInstance(instanceNames.filter((other) => other !== name)), { freq: 5 }),
  );
  return fc.tuple(...instances).map((sketches) => {
    const named = sketches.map((sketch, index) => [instanceNames[index] ?? "", sketch] as const);
    return withOwnNames(
      Object.fromEntries(named.filter((entry): entry is [string, InstanceSketch] => entry[1] !== null)),
    );
  });
}

/** Leaves out names that another service has, and those of what is not one container. */
function withOwnNames(instances: Record<string, InstanceSketch>): Record<string, InstanceSketch> {
  const taken = new Set<string>();
  const withOwnName = ({ named, ...sketch }: ServiceSketch): ServiceSketch => {
    if (named === undefined || sketch.replicas !== 1 || taken.has(named)) return sketch;
    taken.add(named);
    return { ...sketch, named };
  };
  return mapValues(instances, (instance) => ({
    ...instance,
    services: mapValues(instance.services, withOwnName),
  }));
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
      folders: fc.uniqueArray(anyFolder(), { maxLength: 2, selector: ({ source }) => source }),
      inner: fc.constantFrom("x", "x", "y"),
    })
    .map(({ services, mounts, folders, inner, ...rest }) => {
      const named = serviceNames.flatMap((name, index) => {
        const sketch = services[index];
        return sketch === null || sketch === undefined ? [] : [[name, sketch] as const];
      });
      return {
        ...rest,
        services: withKnownNames(Object.fromEntries(named)),
        mounts: withDistinctSources(mounts, new Set(named.map(([name]) => name))),
        folders: folders.flatMap((folder) => {
          const users = folder.services.filter((name) => named.some(([known]) => name.startsWith(known)));
          return users.length === 0 ? [] : [{ ...folder, services: users }];
        }),
        networks: { inner },
        volumes: { data: "x" },
      };
    });
}

function anyService(earlier: string[]): fc.Arbitrary<ServiceSketch> {
  return fc
    .record({
      image: fc.constantFrom("image:1", "image:2"),
      locked: fc.constantFrom("one", "two", undefined, undefined, undefined),
      replicas: fc.constantFrom(1, 1, 1, 1, 2, 3, 0),
      healthcheck: fc.boolean(),
      dependsOn: fc.subarray(earlier),
      condition: fc.constantFrom("", ":healthy", "!"),
      sharesWith: fc.option(fc.constantFrom(...earlier, undefined), { freq: 6 }),
      volumes: fc.subarray(["data"]),
      environment: fc.constantFrom("x", "y"),
      named: fc.constantFrom(...containerNames, undefined, undefined),
    })
    .map(({ condition, dependsOn, sharesWith, named, locked, ...rest }) => {
      const sketch = {
        ...rest,
        ...(locked === undefined ? {} : { locked }),
        ...(named === undefined ? {} : { named }),
      };
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

function anyFolder(): fc.Arbitrary<FolderSketch> {
  return fc.record({
    source: fc.constantFrom("state", "plugins", "cache"),
    services: fc.subarray(["app", "web:ro", "db"], { minLength: 1 }),
    files: fc.dictionary(fc.constantFrom("a", "b"), fc.constantFrom("1", "2"), { maxKeys: 2 }),
    onChange: fc.constantFrom<OnChange>("restart", "recreate", "signal:HUP", "none", "seed"),
    mode: fc.constantFrom(0o644, 0o755),
  });
}

function withDistinctSources(mounts: readonly MountSketch[], known: ReadonlySet<string>): MountSketch[] {
  const bySource = new Map(mounts.map((mount) => [mount.source, mount]));
  return [...bySource.values()]
    .map((mount) => ({ ...mount, services: mount.services.filter((name) => known.has(name)) }))
    .filter(({ services }) => services.length > 0);
}
