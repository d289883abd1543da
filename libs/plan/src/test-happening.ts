import { type ObservedContainer, emptyRecord, isLeftoverName } from "@keelson/model";
import * as fc from "fast-check";

import { container, unseen } from "./node-fixture.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { containerNames, instanceNames, serviceNames } from "./test-desired.ts";

type Happening = (state: SimulatedNode) => void;

/** What happens to a node that nobody planned. */
export function anyAccident(): fc.Arbitrary<Happening> {
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
      const renamed = observed.containers[pick % Math.max(1, observed.containers.length)];
      if (renamed?.ownership === "ours") renamed.name = `renamed-${pick}-1`;
    }),
    fc.nat().map((pick) => ({ observed }: SimulatedNode) => {
      const files = observed.storedInstances[pick % 3]?.files ?? {};
      const path = Object.keys(files)[pick % 2];
      if (path !== undefined && pick % 5 === 0) delete files[path];
      else if (path !== undefined) Object.assign(files[path] ?? {}, { contentDigest: "differs" });
    }),
    fc.nat().map((pick) => ({ observed }: SimulatedNode) => {
      for (const stored of observed.storedInstances.slice(pick % 3)) stored.applied = null;
    }),
    fc.nat().map((pick) => ({ observed }: SimulatedNode) => {
      const [folder] = (observed.dataFolders ?? []).slice(pick % 3);
      if (folder !== undefined)
        Object.assign(folder, { state: pick % 2 === 0 ? "absent" : "empty", files: {} });
    }),
    fc.constant((copy: SimulatedNode) => {
      // Counters of which it knows nothing would count as followed, and kept files as somebody's work; here they are not.
      const renewed = Object.fromEntries(instanceNames.map((name) => [name, 0]));
      copy.record = { ...emptyRecord, renewed, folders: copy.record.folders ?? {} };
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
export function anyStranger(): fc.Arbitrary<Happening> {
  const place = fc.record({
    project: fc.constantFrom("lab-a", "lab-b", "other"),
    service: fc.constantFrom(...serviceNames),
    networks: fc.subarray(["lab-a_inner", "lab-b_inner"]),
  });
  return fc.oneof(
    fc.nat().map((pick) => ({ observed }: SimulatedNode) => {
      const [folder] = (observed.dataFolders ?? []).slice(pick % 3);
      const [path = ""] = Object.keys(folder?.files ?? {}).slice(pick % 2);
      if (pick % 5 === 0) delete folder?.files[path];
      else Object.assign(folder?.files[path] ?? {}, { contentDigest: "differs" });
    }),
    fc.record({ place, ownership: fc.constantFrom("foreign" as const, "forged" as const) }).map(
      ({ place, ownership }) =>
        ({ observed }: SimulatedNode) =>
          void observed.containers.push(
            container(`stranger-${observed.containers.length}`, { ...place, ownership }),
          ),
    ),
    fc.constantFrom(...containerNames).map((name) => ({ observed }: SimulatedNode) => {
      if (observed.containers.every((each) => each.name !== name)) observed.containers.push(container(name));
    }),
    fc.nat().map((pick) => ({ observed, record }: SimulatedNode) => {
      const original = observed.containers[pick % Math.max(1, observed.containers.length)];
      if (original === undefined || record.containers[original.id] === undefined) return;
      const name = original.name.replace(/(?:-\d+)?$/, `-${90 + observed.containers.length}`);
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
