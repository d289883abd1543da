import {
  type DesiredInstance,
  type DesiredNode,
  type DesiredService,
  KeelsonError,
  type ObservedContainer,
  type ObservedNode,
  type Operation,
  type Plan,
  type RecordState,
  Status,
  nothingStaged,
  stalled,
} from "@keelson/model";
import { describe, expect, it } from "vitest";

import { buildStatus } from "./build-status.ts";
import { summarizeFleet } from "./fleet.ts";
import type { StatusInput } from "./status-input.ts";

const service: DesiredService = {
  name: "web",
  image: "web:1",
  digests: [{ algorithm: "v1", digest: "d1", parts: {} }],
  replicas: 1,
  oneShot: false,
  endAwaited: false,
  hasHealthcheck: true,
  trialMs: 1000,
  stopGraceMs: null,
  dependsOn: [],
  sharesWith: [],
  networks: [],
  volumes: [],
  places: [],
  ports: [],
};

const instance: DesiredInstance = {
  name: "core",
  project: "lab-core",
  package: { reference: "app/core", version: "1.0.0" },
  state: "running",
  after: [],
  services: [service],
  networks: [],
  volumes: [],
  mounts: [],
  folders: [],
  grants: [],
  compose: { name: "lab-core", services: {}, networks: {}, volumes: {}, secrets: {}, configs: {} },
};

const desired: DesiredNode = {
  environment: "lab",
  node: "lab-1",
  lockDigest: "l",
  digest: "d",
  instances: [instance],
  networks: [],
  held: [],
};
const plan: Plan = {
  environment: "lab",
  node: "lab-1",
  desiredDigest: "d",
  operations: [],
  blocked: [],
  notices: [],
  grants: [],
};

const applied = {
  commit: "c",
  desiredDigest: "d",
  lockDigest: "l",
  appliedAt: "",
  instanceOrder: [],
  dependsOn: {},
};

const awaitWeb: Operation = {
  id: "#1",
  resource: "service:lab-core/web",
  causes: [],
  class: "live",
  after: [],
  kind: "await-service",
  project: "lab-core",
  instance: "core",
  service: "web",
  condition: "service_healthy",
  mayEnd: false,
  timeoutMs: 1000,
};

function container(more: Partial<ObservedContainer> = {}): ObservedContainer {
  return {
    id: "c1",
    name: "lab-core-web-1",
    ownership: "ours",
    project: "lab-core",
    service: "web",
    instance: "core",
    digest: "d1",
    image: "web:1",
    imageId: "i",
    state: "running",
    health: "healthy",
    exitCode: 0,
    networks: [],
    binds: [],
    writableBinds: [],
    volumes: [],
    startedAt: "",
    ...more,
  };
}

function observed(containers: ObservedContainer[]): ObservedNode {
  return {
    engineVersion: "",
    containers,
    networks: [],
    volumes: [],
    images: {},
    heldPorts: [],
    heldSubnets: [],
    storedInstances: [],
  };
}

function status(more: Partial<StatusInput> = {}): Status {
  const built = buildStatus({
    reference: { environment: "lab", node: "lab-1" },
    source: { url: "https://user:secret@git.example/x.git", branch: "main" },
    trigger: "start",
    bootId: "",
    heartbeatSeconds: 0,
    last: null,
    hideValues: (text) => text,
    target: null,
    shown: null,
    desired,
    observed: observed([container()]),
    plan,
    remaining: plan,
    results: [],
    restless: [],
    staging: nothingStaged,
    kept: [],
    times: {},
    problems: [],
    error: null,
    applied: null,
    startedAt: new Date(0),
    finishedAt: new Date(1000),
    ...more,
  });
  return Status.parse(built);
}

const noFiles = {
  readFiles: async () => Promise.resolve(new Map()),
  listPaths: async () => Promise.resolve([]),
};
const conditionOf = (of: Status, type: string) => of.conditions.find((each) => each.type === type);

describe("buildStatus", () => {
  describe("of an instance that has networks only", () => {
    const proxy = { key: "proxy", name: "proxy", digest: "n", definition: {} };
    const nets = { ...desired, instances: [{ ...instance, services: [], networks: [proxy] }] };
    const made = {
      id: "n1",
      name: "proxy",
      ownership: "ours" as const,
      flaw: "",
      project: "lab-core",
      digest: "n",
    };

    it("must say that it is installed once they are there: nothing of it can run", () => {
      const there = { ...observed([]), networks: [made] };
      const built = status({ desired: nets, observed: there });
      expect(built.instances[0]).toMatchObject({ state: "installed", sync: "in-sync", health: "healthy" });
      expect(conditionOf(built, "Ready")?.status).toBe("true");
    });

    it("must say that it is absent and not in sync while somebody else has the name of one", () => {
      const there = { ...observed([]), networks: [{ ...made, ownership: "foreign" as const }] };
      const blocked = [{ resource: "network:proxy", code: "K3007", message: "", hint: "" }];
      const built = status({ desired: nets, observed: there, remaining: { ...plan, blocked } });
      expect(built.instances[0]).toMatchObject({ state: "absent", sync: "out-of-sync" });
    });
  });

  describe("of an instance without a container", () => {
    const of = { reference: "app/core", version: "1.0.0", releaseVersion: "1.2.0" };
    const bare = { ...desired, instances: [{ ...instance, package: of }] };
    const there = { ...observed([]), images: { "web:1": { id: "i", digests: [] } } };
    const stateOf = (more: Partial<StatusInput>) => status({ desired: bare, ...more }).instances[0]?.state;
    const stagingOf = (...releases: string[]) => ({ releases, failures: [] });

    it("must say that it is staged only with its release in the store and its images in the engine", () => {
      const staging = stagingOf("app@1.2.0");
      expect(stateOf({ observed: there, staging })).toBe("staged");
      expect(stateOf({ observed: observed([]), staging })).toBe("absent");
      const without = { ...there, images: { "web:1": null } };
      expect(stateOf({ observed: without, staging })).toBe("absent");
      expect(stateOf({ observed: there, staging: stagingOf("app@1.1.0") })).toBe("absent");
      expect(stateOf({ observed: null, staging })).toBe("unknown");
    });

    it("must go by what was placed where nothing was staged, since a person withholds action", () => {
      const placed = { instance: "core", folder: "", files: {}, others: [], applied: null, fault: null };
      expect(stateOf({ observed: { ...there, storedInstances: [placed] } })).toBe("staged");
      expect(stateOf({ observed: there })).toBe("absent");
    });
  });

  describe("of an instance that no revision desires any more", () => {
    const volume = { users: ["shop/db"], package: "app/shop", state: "unused" as const };
    const states = (more: Partial<StatusInput>) =>
      status(more).instances.map(({ name, package: of, state, sync }) => [name, of, state, sync]);

    it("must say that it is removed while a volume or a data folder of it is left, and count it for nothing", () => {
      const folder = {
        instance: "wiki",
        source: "data",
        package: "app/wiki",
        users: [],
        wasFilled: true,
        placed: {},
      };
      const built = { volumes: { v: volume }, folders: { "/d": { ...folder, state: "unused" as const } } };
      expect(states(built).slice(1)).toEqual([
        ["shop", "app/shop", "removed", "in-sync"],
        ["wiki", "app/wiki", "removed", "in-sync"],
      ]);
      expect(conditionOf(status(built), "Ready")).toMatchObject({
        status: "true",
        message: "1 instance is as desired",
      });
    });

    it("must not say so of what is used, given up, or of an instance that is there", () => {
      const volumes = {
        used: { ...volume, state: "used" as const },
        up: { ...volume, state: "given-up" as const },
        own: { ...volume, users: ["core/old"] },
      };
      expect(states({ volumes })).toHaveLength(1);
    });

    it("must not take for gone what the record, or the engine, does not tell", () => {
      const before = status({ volumes: { v: volume } });
      expect(states({ last: before, volumes: undefined })[1]).toEqual([
        "shop",
        "app/shop",
        "unknown",
        "unknown",
      ]);
      expect(states({ observed: null, volumes: { v: volume } })[1]?.[2]).toBe("unknown");
    });
  });

  describe("of a release that cannot be staged", () => {
    const error = new KeelsonError({ code: "K4001", message: "the disk is full", hint: "Free some." });
    const staging = { releases: [], failures: [{ resource: "release:app@1.2.0", error }] };

    it("must tell it as an error, be not ready, and not call what is needed staged", () => {
      const built = status({ staging });
      expect(built.errors).toMatchObject([
        { code: "K4001", resource: "release:app@1.2.0", outcome: "transient", hint: "Free some." },
      ]);
      expect(conditionOf(built, "Ready")).toMatchObject({ status: "false", reason: "K4001" });
      expect(conditionOf(built, "Staged")).toMatchObject({ status: "false", reason: "K4001" });
      expect(conditionOf(built, "Reconciling")?.status).toBe("true");
    });
  });

  describe("of an instance that runs by a schedule", () => {
    const schedule = { cron: "0 3 * * *", timeZone: "UTC", timeoutMs: 60_000 };
    const backup: DesiredService = { ...service, name: "backup", replicas: 0, oneShot: true, schedule };
    const setUp: DesiredService = { ...service, name: "set-up", oneShot: true };
    const statusOf = (services: DesiredService[], more: { remaining?: Plan; state?: "installed" } = {}) => {
      const { remaining = plan, state = "running" } = more;
      const ended = container({ service: "set-up", state: "exited" });
      const containers = services.includes(setUp) ? [ended] : [];
      const [built] = status({
        desired: { ...desired, instances: [{ ...instance, state, services }] },
        observed: observed(containers),
        remaining,
      }).instances;
      return built;
    };

    it("must say that it is as desired and runs, though it has no container that runs", () => {
      const want = { want: "d1", have: "d1" };
      expect(statusOf([backup])).toMatchObject({
        state: "running",
        sync: "in-sync",
        services: [{ name: "backup", state: "scheduled", digest: want }],
      });
      expect(statusOf([setUp, backup])).toMatchObject({ state: "running", health: "healthy" });
    });

    it("must not say so while something is left to be done, or when it is not to run", () => {
      const blocked = [{ resource: "service:lab-core/backup", code: "K3046", message: "", hint: "" }];
      expect(statusOf([backup], { remaining: { ...plan, blocked } })).toMatchObject({
        state: "absent",
        sync: "out-of-sync",
        services: [{ digest: { want: "d1", have: "" } }],
      });
      expect(statusOf([backup, setUp], { state: "installed" })?.state).toBe("installed");
      expect(statusOf([setUp])?.state).toBe("installed");
      expect(statusOf([backup, service])?.state).toBe("absent");
    });
  });

  describe("of a node that waits for a person", () => {
    const blocked: Plan["blocked"] = [
      { resource: "service:lab-core/web", code: "K3023", message: "waits", hint: "" },
      {
        resource: "volume:lab-core_data",
        code: "K3033",
        message: "left behind",
        hint: "Say.",
        outcome: "stalled",
      },
    ];
    const notices = [{ resource: "instance:old", code: "K1438", message: "is held" }];
    const held = { ...plan, blocked, notices };
    const old = { instance: "old", project: "lab-old", name: "lab-old-web-1", id: "c2" };
    const seen = (more: Partial<ObservedContainer> = {}) =>
      observed([container(), container({ ...old, ...more })]);

    it("must say so first, and retry nothing", () => {
      const built = status({ plan: held, remaining: held });
      expect(conditionOf(built, "Ready")).toMatchObject({
        status: "false",
        reason: "K3033",
        message: "left behind",
      });
      expect(conditionOf(built, "Stalled")).toMatchObject({ status: "true", reason: "K3033" });
      expect(conditionOf(built, "Reconciling")).toMatchObject({ status: "false" });
      const other = {
        ...held,
        blocked: [...blocked, { resource: "z", code: "K3007", message: "", hint: "" }],
      };
      expect(conditionOf(status({ remaining: other }), "Reconciling")).toMatchObject({ status: "true" });
    });

    it("must show what is held, as it is and as it was called", () => {
      const before = status({
        desired: { ...desired, instances: [{ ...instance, name: "old", project: "lab-old" }] },
        observed: seen(),
      });
      const built = status({ remaining: held, observed: seen(), last: before });
      expect(built.instances.map(({ name, held: is }) => [name, is])).toEqual([
        ["core", undefined],
        ["old", true],
      ]);
      expect(built.instances[1]).toMatchObject({
        package: before.instances[0]?.package,
        version: before.instances[0]?.version,
        state: "running",
        sync: "out-of-sync",
        health: "healthy",
        services: [{ name: "web", state: "running", image: { want: "web:1", have: "web:1" } }],
      });
      const grants = { old: [{ kind: "gpus" as const, value: "true", service: "web" }] };
      expect(
        status({ remaining: held, observed: seen(), applied: { ...applied, grants } }).instances[1]?.grants,
      ).toEqual([{ service: "web", kind: "gpus", value: "true" }]);
      const down = status({ remaining: held, observed: seen({ state: "exited" }), last: built });
      expect(down.instances[1]).toMatchObject({ held: true, state: "installed", health: "unhealthy" });
      expect(conditionOf(down, "Healthy")).toMatchObject({ status: "false" });
      const applied0 = { ...applied, oneShots: ["lab-old/web"] };
      const job = status({ remaining: held, observed: seen({ state: "exited" }), applied: applied0 });
      expect(job.instances[1]).toMatchObject({ health: "healthy", package: "" });
      expect(status({ plan: null, remaining: null, observed: null, last: built }).instances[1]).toMatchObject(
        {
          held: true,
          state: "unknown",
        },
      );
      expect(status({ observed: seen(), last: built }).instances).toHaveLength(1);
      const gone = { resource: "service:lab-old/web", code: "K3052", message: "is gone", hint: "" };
      const removed = status({
        remaining: { ...held, blocked: [...blocked, gone] },
        observed: observed([container()]),
        applied: { ...applied, services: { core: ["lab-core/web"], old: ["lab-old/web", "lab-old/db"] } },
        last: built,
      });
      expect(removed.instances[1]).toMatchObject({
        held: true,
        state: "absent",
        health: "unhealthy",
        services: [{ name: "web", state: "absent", health: "unhealthy", image: { want: "web:1", have: "" } }],
      });
      expect(removed.errors.map(({ code }) => code)).toContain("K3052");
    });
  });

  it("must show what the commit has problems with as held, and name it where it says why the node is not ready", () => {
    const problem = {
      code: "K1302",
      file: "a.yaml",
      line: 3,
      column: 5,
      path: "",
      message: "no such setting",
    };
    const held = (name: string, code: string) => ({
      resource: `instance:${name}`,
      code,
      message: `${name} is held`,
      hint: "Mend it.",
      ...(code === "K3051" ? { outcome: "stalled" as const } : {}),
    });
    const remaining = { ...plan, blocked: [held("wiki", "K3051"), held("bot", "K3050")] };
    const built = status({ problems: [{ ...problem, instances: ["wiki"] }], remaining });
    expect(built.instances.map(({ name, held: is, state, health }) => [name, is, state, health])).toEqual([
      ["bot", true, "absent", "unknown"],
      ["core", undefined, "running", "healthy"],
      ["wiki", true, "absent", "unknown"],
    ]);
    expect(built.errors.map(({ code, outcome }) => [code, outcome])).toEqual([
      ["K1302", "stalled"],
      ["K3051", "stalled"],
      ["K3050", "waiting"],
    ]);
    expect(conditionOf(built, "Ready")).toMatchObject({
      status: "false",
      reason: "K1302",
      message: "wiki is held: no such setting",
    });
    expect(conditionOf(built, "Reconciling")).toMatchObject({ status: "false" });
    const [row] = summarizeFleet({
      reports: [{ environment: "lab", node: "lab-1", ref: "r", json: JSON.stringify(built) }],
      nodes: null,
      now: new Date(built.observedAt),
    });
    expect(row).toMatchObject({ state: "stalled", code: "K1302", message: "wiki is held: no such setting" });
  });

  it("must tell which volumes the node knows and who uses them, and take that over where it cannot be read", () => {
    const volumes: RecordState["volumes"] = {
      "lab-core_data": { users: ["core/db"], package: "a/core", state: "used" },
      "lab-old_data": { users: ["old/db"], package: "a/old", state: "given-up" },
    };
    const last = status({ volumes });
    expect(last.volumes).toEqual({ "lab-core_data": ["core/db"], "lab-old_data": [] });
    expect(status({ last }).volumes).toEqual(last.volumes);
    expect(status({ last, volumes: {} }).volumes).toEqual({});
  });

  it("must tell what the node is held at, why, and what the branch shows", () => {
    const [held, shown] = ["a".repeat(40), "b".repeat(40)];
    const snapshot = { commit: held, ref: "", subject: "", author: "", committedAt: null };
    const every = { mode: "hold" as const, snapshot: { ...snapshot, ...noFiles } };
    const refused = new KeelsonError({ code: "K2016", message: "went back", outcome: stalled });
    const because = [
      { kind: "refused" as const, branch: "main", commit: shown, error: refused },
      { kind: "problems" as const, commit: shown },
    ];
    const target = { snapshots: new Map(), instances: { every: { ...every, because } }, because };
    const built = status({ target, shown });
    expect(built.source).toMatchObject({
      observed: shown,
      attempted: held,
      target: {
        mode: "hold",
        because:
          "is held at aaaaaaaa: branch main is at bbbbbbbb, which is refused (K2016), and bbbbbbbb has problems",
      },
    });
    expect(built.errors).toMatchObject([{ code: "K2016", outcome: "stalled" }]);
    expect(conditionOf(built, "SourceReady")).toMatchObject({ status: "false", reason: "K2016" });
    expect(conditionOf(built, "Ready")).toMatchObject({ status: "false" });
  });

  it("must not be ready nor reconciling while somebody withholds action, and must say who", () => {
    const suspension = { since: "2026-11-20T08:00:00.000Z", by: "root", reason: "a new disk" };
    const asDesired = status({ suspension });
    expect(asDesired.suspended).toEqual(suspension);
    expect(conditionOf(asDesired, "Ready")).toMatchObject({
      status: "false",
      reason: "Suspended",
      message: "suspended since 2026-11-20T08:00:00.000Z by root: a new disk",
    });
    const gone = status({ suspension, observed: observed([]), error: new Error("away") });
    expect(conditionOf(gone, "Ready")).toMatchObject({ reason: "Suspended" });
    expect(conditionOf(gone, "Reconciling")).toMatchObject({ status: "false", reason: "Suspended" });
    expect(gone.errors).toHaveLength(1);
    // A round that could not even ask knows it from before.
    expect(status({ last: asDesired }).suspended).toEqual(suspension);
    expect(status({ last: asDesired, suspension: null })).not.toHaveProperty("suspended");
  });

  it("must not say what it does not know of the source", () => {
    const built = status();
    expect(built.source).not.toHaveProperty("target");
    expect(conditionOf(built, "SourceReady")).toMatchObject({ status: "unknown" });
    const lost = status({ shown: "c".repeat(40) });
    expect(lost.source.observed).toBe("c".repeat(40));
    expect(conditionOf(lost, "SourceReady")).toMatchObject({ status: "true" });
  });

  it("must be ready only when everything is in sync and healthy", () => {
    const built = status();
    expect(conditionOf(built, "Ready")).toMatchObject({ status: "true" });
    expect(built.instances[0]).toMatchObject({ state: "running", sync: "in-sync", health: "healthy" });
  });

  it("must tell the release's version, and what the container was made from", () => {
    const named = { ...instance, package: { ...instance.package, releaseVersion: "2.1.0" } };
    const found = observed([container({ imageId: "sha256:i" })]);
    const images = { "web:1": { id: "sha256:i", digests: ["registry.example/web@sha256:d"] } };
    const told = (images: ObservedNode["images"]) =>
      status({ desired: { ...desired, instances: [named] }, observed: { ...found, images } }).instances[0];
    expect(told(images)).toMatchObject({
      releaseVersion: "2.1.0",
      services: [{ image: { want: "web:1", have: "web:1", digest: "sha256:d" } }],
    });
    // The reference leads to another image by now, or to none.
    const other = { "web:1": { id: "sha256:j", digests: ["registry.example/web@sha256:e"] } };
    expect(told(other)?.services[0]?.image.digest).toBe("sha256:i");
    expect(told({})?.services[0]?.image.digest).toBe("sha256:i");
  });

  it("must tell what an image is locked to beside what runs, and its reference as it is written", () => {
    const [digest, other] = ["a", "b"].map((digit) => `sha256:${digit.repeat(64)}`);
    if (digest === undefined || other === undefined) throw new Error("no digest");
    const lockedImage = { digest, platforms: { "linux/amd64": "sha256:i" } };
    const services = instance.services.map((service) => ({ ...service, lockedImage }));
    const imageOf = (containers: ObservedContainer[]) =>
      status({
        desired: { ...desired, instances: [{ ...instance, services }] },
        observed: observed(containers),
      }).instances[0]?.services[0];
    const written = { want: "web:1", have: "web:1", locked: digest };
    const named = { image: "web:1", imageDigests: [`other@${other}`, `web@${digest}`] };
    // What a lock knows by its id alone is told by that: nobody has seen its digest.
    for (const [same, seen] of [
      [container({ image: `web:1@${digest}`, imageId: digest }), digest],
      [container({ ...named, imageId: "sha256:i" }), digest],
      [container({ image: "web:1", imageId: "sha256:i" }), "sha256:i"],
      [container({ image: "sha256:i", imageId: "sha256:i" }), "sha256:i"],
    ] as const) {
      expect(imageOf([same])).toMatchObject({ image: { ...written, digest: seen } });
      expect(imageOf([same])?.digest).toEqual({ want: "d1", have: "d1" });
    }
    const older = container({ image: `web:1@${other}`, imageId: "sha256:j" });
    expect(imageOf([older])?.image).toEqual({ ...written, digest: other });
    expect(imageOf([])?.image).toEqual({ want: "web:1", have: "", locked: digest });
  });

  it("must never carry a credential of the source", () => {
    expect(JSON.stringify(status())).not.toContain("secret");
  });

  it.each([
    ["unhealthy", container({ health: "unhealthy" })],
    ["starting", container({ health: "starting" })],
    ["unhealthy", container({ state: "exited", exitCode: 1, health: "none" })],
  ])("must not be ready while a service is %s", (health, found) => {
    const built = status({ observed: observed([found]) });
    expect(built.instances[0]?.health).toBe(health);
    expect(conditionOf(built, "Ready")).toMatchObject({ status: "false" });
  });

  const ailment = { exitCode: 3, restarts: 7, said: "no licence\nfor 8.8.8.8" };
  it.each([
    [
      "K3040",
      "is unhealthy: no licence | for 8.8.8.8",
      container({ health: "unhealthy", ailment: { ...ailment, exitCode: null } }),
    ],
    [
      "K3041",
      "keeps restarting, last with exit code 3, 7 restarts so far: no licence | for 8.8.8.8",
      container({ state: "restarting", health: "none", ailment }),
    ],
    ["K3041", "keeps restarting", container({ state: "restarting", health: "none" })],
    [
      "K3041",
      "keeps restarting, last with exit code 3, 7 restarts so far: no licence | for 8.8.8.8",
      container({ state: "running", health: "healthy", settlesInMs: 20_000, ailment }),
    ],
    [
      "K3042",
      "exited with code 3: no licence | for 8.8.8.8",
      container({ state: "exited", exitCode: 3, ailment }),
    ],
  ])("must tell why a service is not well, though nothing is left to do for it: %s", (code, says, found) => {
    const built = status({ observed: observed([found]) });
    expect(built.errors).toMatchObject([
      {
        code,
        resource: "service:lab-core/web",
        message: `lab-core-web-1 ${says}`,
        hint: "Read its log: keelson logs core web.",
        outcome: "waiting",
      },
    ]);
    expect(conditionOf(built, "Ready")).toMatchObject({ status: "false", reason: code });
    // A round could do nothing for it: none is to come for that.
    expect(conditionOf(built, "Reconciling")).toMatchObject({ status: "false" });
    // What it was before this commit is known, and that ran.
    const unapplied = status({
      observed: observed([found]),
      applied: { ...applied, desiredDigest: "before" },
    });
    expect(unapplied.errors).toMatchObject([
      {
        code,
        hint: "Read its log: keelson logs core web. To go back to what ran before, revert the commit and push.",
      },
    ]);
    const first = status({ observed: observed([found]), applied: null });
    expect(first.errors).toMatchObject([{ hint: "Read its log: keelson logs core web." }]);
    const later = status({ observed: observed([found]), last: built, finishedAt: new Date(9000) });
    expect(later.errors).toEqual(built.errors);
    expect(status({ last: later }).errors).toEqual([]);
  });

  it("must tell what Compose or an engine said of a failure, without secret values, on one line", () => {
    const said = new Error("invalid mount\n  for https://me:pass@registry.example of s3cret");
    const cause = new Error("Compose ended with 1", { cause: said });
    const error = new KeelsonError({ code: "K3008", message: "Compose failed", cause });
    const hideValues = (text: string) => text.replaceAll("s3cret", "***");
    expect(status({ error, hideValues }).errors).toMatchObject([
      {
        code: "K3008",
        message:
          "Compose failed: Compose ended with 1 | invalid mount | for https://***@registry.example of ***",
      },
    ]);
    const again = new KeelsonError({ code: "K3009", message: "no: gone", cause: new Error("gone") });
    expect(status({ error: again }).errors).toMatchObject([{ message: "no: gone" }]);
    const endless = new Error("round");
    endless.cause = endless;
    expect(status({ error: endless }).errors).toMatchObject([{ message: "round" }]);
    const secretEnd = new Error(`s3cret${"x".repeat(395)}`);
    const cut = new KeelsonError({ code: "K3009", message: "no", cause: secretEnd });
    expect(status({ error: cut, hideValues }).errors[0]?.message).toMatch(/^no: \*\*\*x+$/);
  });

  it("must not call what was never started an error beside the one that it waits for", () => {
    const built = status({ observed: observed([container({ state: "created", health: "none" })]) });
    expect(built.errors).toEqual([]);
    expect(conditionOf(built, "Ready")).toMatchObject({ status: "false", reason: "Unhealthy" });
  });

  it("must hide secret values in what an unwell service said", () => {
    const found = container({ health: "unhealthy", ailment: { ...ailment, said: "token: s3cret" } });
    const built = status({
      observed: observed([found]),
      hideValues: (text) => text.replaceAll("s3cret", "***"),
    });
    expect(built.errors[0]?.message).toBe("lab-core-web-1 is unhealthy: token: ***");
    expect(JSON.stringify(built)).not.toContain("s3cret");
  });

  it("must not tell a service's health beside what an operation met of it, nor of what is not to run", () => {
    const found = observed([container({ health: "unhealthy" })]);
    const error = new KeelsonError({ code: "K3005", message: "is unhealthy" });
    const failed = status({ observed: found, results: [{ operation: awaitWeb, outcome: "failed", error }] });
    expect(failed.errors).toMatchObject([{ code: "K3005" }]);
    const installed = { ...desired, instances: [{ ...instance, state: "installed" as const }] };
    expect(status({ desired: installed, observed: found }).errors).toEqual([]);
  });

  it("must say unknown, never absent, when the node could not be observed", () => {
    const error = new KeelsonError({ code: "K3001", message: "the engine does not answer" });
    const built = status({ observed: null, plan: null, remaining: null, error });
    expect(built.instances[0]).toMatchObject({ state: "unknown", sync: "unknown", health: "unknown" });
    expect(conditionOf(built, "Healthy")).toMatchObject({ status: "unknown" });
    expect(conditionOf(built, "Ready")).toMatchObject({ status: "false", reason: "K3001" });
  });

  it("must report a failed operation with its code, and never as applied", () => {
    const operation: Operation = {
      id: "#1",
      resource: "image:web:2",
      causes: [],
      class: "live",
      after: [],
      kind: "pull-image",
      image: "web:2",
    };
    const error = new KeelsonError({
      code: "K3002",
      message: "no such image",
      hint: "Push it.",
      outcome: stalled,
    });
    const built = status({
      plan: { ...plan, operations: [operation] },
      remaining: { ...plan, operations: [{ ...operation, resource: "service:lab-core/web" }] },
      results: [
        { operation, outcome: "failed", error },
        { operation: awaitWeb, outcome: "skipped", error: null, failedId: "#1" },
        { operation: { ...awaitWeb, resource: "service:lab-core/db" }, outcome: "skipped", error: null },
      ],
    });
    expect(built.errors).toEqual([
      {
        code: "K3002",
        resource: "image:web:2",
        message: "no such image; not done because of that: lab-core/web",
        hint: "Push it.",
        outcome: "stalled",
        since: "1970-01-01T00:00:01.000Z",
      },
    ]);
    expect(built.instances[0]?.sync).toBe("out-of-sync");
    expect(conditionOf(built, "Stalled")).toMatchObject({ status: "true", reason: "K3002" });
    expect(built.source.applied).toBe("");
  });

  it("must not be ready while anything is left to be done, also of what is not desired any more", () => {
    const operation: Operation = {
      id: "#1",
      resource: "service:lab-old/web",
      causes: [],
      class: "live",
      after: [],
      kind: "pull-image",
      image: "web:2",
    };
    const left = status({ remaining: { ...plan, operations: [operation] } });
    expect(conditionOf(left, "Ready")).toMatchObject({
      status: "false",
      reason: "OutOfSync",
      message: "the next round has this to do: pulling lab-old/web",
    });
    expect(conditionOf(left, "Reconciling")?.status).toBe("true");
    const skipped = status({ results: [{ operation, outcome: "skipped", error: null }] });
    expect(conditionOf(skipped, "Ready")?.status).toBe("false");
  });

  it("must not count another owner's container as the service", () => {
    const built = status({ observed: observed([container({ ownership: "foreign" })]) });
    expect(built.instances[0]).toMatchObject({ state: "absent", health: "unhealthy" });
  });

  it("must tell the digest that a container counts as, and that of its label when it is out of sync", () => {
    const newer = { algorithm: "v2", digest: "d2", parts: {} };
    const upgraded = (digests: DesiredService["digests"]) => ({
      ...desired,
      instances: [{ ...instance, services: [{ ...service, digests }] }],
    });
    const digestOf = (digests: DesiredService["digests"], more: Partial<ObservedContainer> = {}) =>
      status({ desired: upgraded(digests), observed: observed([container(more)]) }).instances[0]?.services[0]
        ?.digest;
    expect(digestOf([newer, ...service.digests])).toEqual({ want: "d2", have: "d2" });
    expect(digestOf([newer])).toEqual({ want: "d2", have: "d1" });
    expect(digestOf([newer], { accepted: newer })).toEqual({ want: "d2", have: "d2" });
  });

  it("must not call unhealthy what is stopped on purpose", () => {
    const stopped = { ...desired, instances: [{ ...instance, state: "installed" as const }] };
    const built = status({ desired: stopped, observed: observed([container({ state: "exited" })]) });
    expect(built.instances[0]?.services[0]?.health).toBe("healthy");
  });

  it("must call a job healthy that runs or has ended with 0, when nobody awaits its end", () => {
    const job = { ...service, hasHealthcheck: false, oneShot: true };
    const jobs = { ...desired, instances: [{ ...instance, services: [job] }] };
    const healthOf = (is: Parameters<typeof container>[0]) =>
      status({ desired: jobs, observed: observed([container({ health: "none", ...is })]) }).instances[0]
        ?.health;
    expect(healthOf({ state: "running" })).toBe("healthy");
    expect(healthOf({ state: "exited", exitCode: 0 })).toBe("healthy");
    expect(healthOf({ state: "exited", exitCode: 3 })).toBe("unhealthy");
    expect(healthOf({ state: "restarting", exitCode: 3 })).toBe("unhealthy");
  });

  it("must tell what ends again and again, with its last end also while it runs", () => {
    const resource = "service:lab-core/web";
    const restless = { resource, instance: "core", service: "web" };
    const output = ["1", "2", "3", "4", "5", "no token"].join("\n");
    const down = status({
      restless: [{ ...restless, end: { exitCode: 0, output }, wasDown: true, settlesInMs: null }],
      hideValues: (text) => text.replace("token", "***"),
    });
    const [error] = down.errors;
    expect(error).toMatchObject({ code: "K3037", resource, outcome: "transient" });
    expect(error?.message).toBe(
      "lab-core/web ends again and again, last with exit code 0: 1 | 2 | 3 | 4 | 5 | no ***",
    );
    expect(conditionOf(down, "Ready")).toMatchObject({ status: "false", reason: "K3037" });
    expect(conditionOf(down, "Reconciling")?.status).toBe("true");
    const end = { exitCode: 1, output: "what it says by now" };
    const runs = { ...restless, wasDown: false, settlesInMs: 20_000 };
    const running = status({ restless: [{ ...runs, end }], last: down });
    const { message, since } = error ?? {};
    expect(running.errors).toMatchObject([{ message, since, outcome: "waiting" }]);
    expect(conditionOf(running, "Ready")?.status).toBe("false");
    expect(running.instances).toMatchObject([{ health: "unhealthy", services: [{ health: "unhealthy" }] }]);
    // A round can only look on.
    expect(conditionOf(running, "Reconciling")?.status).toBe("false");
    expect(status({ restless: [{ ...runs, end }] }).errors).toMatchObject([
      { message: "lab-core/web ends again and again, last with exit code 1: what it says by now" },
    ]);
    const unseen = status({ restless: [{ ...runs, end: null }] });
    expect(unseen.errors).toMatchObject([{ message: "lab-core/web ends again and again" }]);
    expect(status({ restless: [], last: running }).errors).toEqual([]);
  });

  it("must tell a service that rests once, and one whose start failed by that failure", () => {
    const resource = "service:lab-core/web";
    const restless = [
      {
        resource,
        instance: "core",
        service: "web",
        end: { exitCode: 1, output: "(no output)" },
        wasDown: true,
        settlesInMs: null,
      },
    ];
    const blocked = [{ resource, code: "K3037", message: "rests", hint: "" }];
    const resting = status({ restless, remaining: { ...plan, blocked } });
    expect(resting.errors.map(({ code, message }) => `${code} ${message}`)).toEqual([
      "K3037 lab-core/web ends again and again, last with exit code 1: (no output)",
    ]);
  });

  it("must call a finished one-shot healthy and a failed one unhealthy", () => {
    const job = { ...service, oneShot: true, endAwaited: true };
    const oneShot = { ...desired, instances: [{ ...instance, services: [job] }] };
    const health = (exitCode: number) =>
      status({ desired: oneShot, observed: observed([container({ state: "exited", exitCode })]) })
        .instances[0]?.health;
    expect([health(0), health(3)]).toEqual(["healthy", "unhealthy"]);
    const atWork = status({ desired: oneShot, observed: observed([container({ state: "running" })]) });
    expect(atWork.instances[0]?.health).toBe("starting");
    expect(atWork.conditions.find(({ type }) => type === "Ready")?.status).toBe("false");
  });

  it("must know since when something holds from the report before, and keep the last operation", () => {
    const error = new KeelsonError({ code: "K3001", message: "the engine does not answer" });
    const before = status({ error });
    const operation = {
      trigger: "start",
      startedAt: "",
      finishedAt: "",
      planned: 1,
      done: 1,
      failed: 0,
      skipped: 0,
      seconds: {},
    };
    const built = status({ error, last: { ...before, operation }, finishedAt: new Date(9000) });
    const since = "1970-01-01T00:00:01.000Z";
    expect(built.errors[0]?.since).toBe(since);
    expect(conditionOf(built, "Ready")?.since).toBe(since);
    expect(built.operation).toEqual(operation);
    const mended = status({ last: before, finishedAt: new Date(9000) });
    expect(conditionOf(mended, "Ready")?.since).toBe("1970-01-01T00:00:09.000Z");
  });

  it("must not lose what was applied when the record cannot be read", () => {
    const last = status({ applied: { ...applied, commit: "c" } });
    const error = new KeelsonError({ code: "K5006", message: "the key is gone" });
    expect(status({ applied: undefined, last, error }).source.applied).toBe("c");
    expect(status({ applied: null, last, error }).source.applied).toBe("");
  });

  it("must be reconciling while something is retried, and not when only a person can help", () => {
    const away = new KeelsonError({ code: "K3001", message: "the engine does not answer" });
    const wrong = new KeelsonError({ code: "K5006", message: "the key is gone", outcome: stalled });
    expect(conditionOf(status({ error: away }), "Reconciling")).toMatchObject({
      status: "true",
      message: "retrying: not everything is as desired",
    });
    const one = status({ observed: observed([container({ health: "unhealthy" })]), error: away });
    expect(conditionOf(one, "Reconciling")?.message).toBe("retrying: 1 instance is not as desired");
    expect(conditionOf(status({ error: wrong }), "Reconciling")?.status).toBe("false");
    expect(conditionOf(status(), "Reconciling")?.status).toBe("false");
  });

  it("must tell a run that failed after what is wrong now, and never in place of work", () => {
    const failed = {
      name: "lab-core/backup",
      instance: "core",
      service: "backup",
      cron: "0 3 * * *",
      timeZone: "UTC",
      timeoutMs: 60_000,
      accountedAt: "",
      missed: 0,
      running: null,
      last: { dueAt: "", startedAt: "", seconds: 1, exitCode: 7, said: "" },
      nextAt: "",
    };
    const down = status({ jobs: [failed], observed: observed([container({ health: "unhealthy" })]) });
    expect(down.errors.map(({ code }) => code)).toEqual(["K3040", "K3038"]);
    expect(conditionOf(down, "Ready")).toMatchObject({ status: "false", reason: "K3040" });
    const alone = status({ jobs: [failed] });
    expect(conditionOf(alone, "Ready")).toMatchObject({ status: "false", reason: "K3038" });
    const work = { ...plan, operations: [awaitWeb] };
    const begun = status({ jobs: [failed], plan: work, remaining: work });
    expect(conditionOf(begun, "Ready")).toMatchObject({ status: "false", reason: "OutOfSync" });
  });

  it("must be told in whole characters, whatever a document has in it", () => {
    const error = new KeelsonError({ code: "K1302", message: "undefined variable \ud800" });
    expect(status({ error }).errors[0]?.message).toBe("undefined variable \ufffd");
  });

  it("must take secret values out of what went wrong", () => {
    const error = new KeelsonError({ code: "K3001", message: "it said hunter2", hint: "not hunter2" });
    const built = status({ error, hideValues: (text) => text.replaceAll("hunter2", "***") });
    expect(JSON.stringify(built)).not.toContain("hunter2");
  });
});
