import type { Ask, DesiredInstance, GrantInUse, RecordState, ServiceStatus } from "@keelson/model";
import { describe, expect, it } from "vitest";

import { listGrants } from "./grant-status.ts";

const films: Ask = {
  kind: "paths",
  value: "media/films",
  readOnly: true,
  names: ["media"],
  service: "player",
};
const socket: Ask = { kind: "engineSocket", value: "true", service: "ui" };
const share: Ask = { kind: "mounts", value: "nfs://nas.lan/x", service: "" };

const instance: DesiredInstance = {
  name: "media",
  project: "lab-media",
  package: { reference: "./apps/media", version: "1" },
  state: "running",
  after: [],
  services: [],
  networks: [],
  volumes: [],
  mounts: [],
  folders: [],
  grants: [films, share, socket],
  compose: { name: "lab-media", services: {}, networks: {}, volumes: {}, secrets: {}, configs: {} },
};

function service(name: string, digest: ServiceStatus["digest"]): ServiceStatus {
  return { name, image: { want: "i", have: "i" }, digest, state: "running", health: "healthy" };
}

const before: RecordState["applied"] = {
  commit: "c",
  desiredDigest: "d",
  lockDigest: "l",
  appliedAt: "",
  instanceOrder: [],
  dependsOn: {},
  grants: { media: [{ kind: "privileged", value: "true", service: "player" }] },
};
const nothingPlanned = { plan: null, remaining: null };

describe("the grants of an instance", () => {
  const made = { want: "2", have: "2" };

  it("must be what its containers were made with", () => {
    const services = [service("player", made), service("ui", made)];
    expect(listGrants(instance, { services, isInSync: true, applied: before, ...nothingPlanned })).toEqual([
      { service: "", kind: "mounts", value: "nfs://nas.lan/x" },
      { service: "player", kind: "paths", value: "media/films", readOnly: true },
      { service: "ui", kind: "engineSocket", value: "true", root: true },
    ]);
  });

  it("must be those of before while a container is not replaced, and none without a container", () => {
    const services = [service("player", { want: "2", have: "1" }), service("ui", { want: "2", have: "" })];
    expect(listGrants(instance, { services, isInSync: false, applied: before, ...nothingPlanned })).toEqual([
      { service: "player", kind: "privileged", value: "true", root: true },
    ]);
  });

  it("must show which path lies below what a container can write", () => {
    const { names: _names, ...plain } = films;
    const planned: GrantInUse = { ...plain, instance: "media", isNew: false, isRoot: true };
    const plan = {
      environment: "lab",
      node: "n",
      desiredDigest: "",
      operations: [],
      blocked: [],
      notices: [],
    };
    const input = { applied: before, plan: { ...plan, grants: [planned] }, remaining: null };
    expect(
      listGrants(instance, { services: [service("player", made)], isInSync: true, ...input }),
    ).toContainEqual({
      service: "player",
      kind: "paths",
      value: "media/films",
      readOnly: true,
      root: true,
    });
  });
});
