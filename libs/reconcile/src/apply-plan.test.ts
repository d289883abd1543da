import {
  type CreationPart,
  type DesiredNode,
  KeelsonError,
  type KeelsonEvent,
  type Operation,
  type Outcome,
  type Plan,
  emptyRecord,
  stalled,
  transient,
} from "@keelson/model";
import { describe, expect, it } from "vitest";

import { applyPlan } from "./apply-plan.ts";
import type { OperationContext, OperationPorts, RecordPort } from "./ports.ts";

const desired: DesiredNode = {
  environment: "lab",
  node: "n",
  lockDigest: "",
  digest: "",
  instances: [],
  networks: [],
  held: [],
};

function pull(id: string, after: string[] = []): Operation {
  return { kind: "pull-image", id, after, image: id, resource: `image:${id}`, causes: [], class: "live" };
}

function wait(id: string, after: string[] = []): Operation {
  return {
    kind: "await-service",
    id,
    after,
    resource: `service:lab-app/${id}`,
    causes: [],
    class: "live",
    instance: "app",
    project: "lab-app",
    service: id,
    condition: "service_healthy",
    mayEnd: false,
    timeoutMs: 1000,
  };
}

function collect(id: string, instance: string): Operation {
  const resource = `files:lab-${instance}/`;
  return { kind: "remove-files", id, after: [], resource, causes: [], class: "live", instance, paths: [] };
}

/** Each part may have operations before it. */
function create(id: string, parts: CreationPart[]): Operation {
  const services = parts.flatMap((part) => part.services);
  const after = [...new Set(parts.flatMap((part) => part.after))];
  const of = { instance: "app", project: "lab-app", services, parts, force: false };
  return { kind: "create-containers", id, after, resource: "services", causes: [], class: "live", ...of };
}

function start(id: string, service: string, after: string[]): Operation {
  const of = { instance: "app", project: "lab-app", service };
  const resource = `service:lab-app/${service}`;
  return { kind: "start-service", id, after, resource, causes: [], class: "live", ...of };
}

/** Fails as a call of Compose does in which one of these services is. */
function failFor(bad: string[], code: string, outcome: Outcome = transient) {
  const calls: string[] = [];
  const run = async (operation: Operation) => {
    if (operation.kind !== "create-containers") return;
    calls.push(operation.services.join());
    const failing = operation.services.filter((service) => bad.includes(service));
    if (failing.length > 0) throw new KeelsonError({ code, message: failing.join(), outcome });
  };
  return { calls, run };
}

/** Runs operations by what the test says each does, and notes what happened in which order. */
function rig(
  run: (operation: Operation, context: OperationContext) => Promise<void>,
  faults: { unwritable?: string } = {},
) {
  const events: string[] = [];
  const skipped: string[] = [];
  const failures: string[] = [];
  const journal: string[] = [];
  const record: RecordPort = {
    readState: () => emptyRecord,
    readComposeModel: () => null,
    saveComposeModel: () => {},
    rememberContainers: () => {},
    forgetContainers: () => {},
    acceptContainers: () => {},
    rememberLimits: () => {},
    noteCrashes: () => {},
    rememberNetworks: () => {},
    forgetNetworks: () => {},
    rememberVolumes: () => {},
    forgetVolumes: () => {},
    rememberFolders: () => {},
    forgetFolders: () => {},
    saveRenewed: () => {},
    saveServiceParts: () => {},
    forgetService: () => {},
    saveApplied: () => {},
    amendApplied: () => {},
    beginRound: () => 1,
    finishRound: () => {},
    beginOperation: ({ operationId, makes }) => {
      if (operationId === faults.unwritable) throw new Error("the disk is full");
      journal.push(["begin", operationId, ...makes].join(" "));
    },
    finishOperation: ({ operationId, result }) => void journal.push(`${result} ${operationId}`),
    readScheduledJobs: () => [],
    saveScheduledJobs: () => {},
    forgetScheduledJobs: () => {},
    addMissedRuns: () => {},
    endRun: () => {},
    closeInterrupted: () => {},
  };
  const operations: OperationPorts = {
    "pull-image": run,
    "create-network": run,
    "remove-network": run,
    "connect-container": run,
    "create-volume": run,
    "place-files": run,
    "keep-folder": run,
    "remove-files": run,
    "record-files": run,
    "create-containers": run,
    "start-service": run,
    "restart-container": run,
    "signal-container": run,
    "exec-in-container": run,
    "await-service": run,
    "remove-container": run,
    "stop-container": run,
    "rename-container": run,
    "adopt-project": run,
    "release-project": run,
  };
  const ports = {
    operations,
    record,
    emit: (event: KeelsonEvent) => {
      if (event.type === "operation-skipped") skipped.push(`${event.operation.id}: ${event.because}`);
      if (event.type === "operation-failed") {
        const { operation, error } = event;
        failures.push(`${operation.resource}: ${error instanceof Error ? error.message : ""}`);
      }
      if ("operation" in event) events.push(`${event.type.replace("operation-", "")} ${event.operation.id}`);
    },
    now: () => new Date(0),
  };
  const stop = new AbortController();
  const newer = new AbortController();
  const apply = async (operations: Operation[]) => {
    const plan: Plan = {
      environment: "lab",
      node: "n",
      desiredDigest: "",
      operations,
      blocked: [],
      notices: [],
      grants: [],
    };
    const signals = { signal: stop.signal, waiting: newer.signal };
    const results = await applyPlan(plan, { desired, ports, roundId: 1, ...signals });
    return results.map(({ operation, outcome }) => {
      const of = operation.kind === "create-containers" ? ` ${operation.services.join()}` : "";
      return `${operation.id}${of} ${outcome}`;
    });
  };
  return { apply, events, failures, skipped, journal, stop, newer };
}

describe("applyPlan", () => {
  it("must not let the files of one instance hold up other operations, nor those of another", async () => {
    const others = Promise.withResolvers<void>();
    const done: string[] = [];
    const { apply } = rig(async ({ id }) => {
      if (id.startsWith("slow")) await others.promise;
      done.push(id);
      if (done.length === 2) others.resolve();
    });
    const slow = Array.from({ length: 6 }, (_, each) => collect(`slow ${each}`, "bad"));
    await apply([...slow, pull("image"), collect("files", "good")]);
    expect(done.slice(0, 2).sort()).toEqual(["files", "image"]);
    expect(done.length).toBe(8);
  });

  it("must do an operation only after all it depends on", async () => {
    const done: string[] = [];
    const { apply } = rig(async ({ id, after }) => {
      expect(done).toEqual(expect.arrayContaining(after));
      await Promise.resolve();
      done.push(id);
    });
    expect(await apply([pull("#1"), pull("#2", ["#1"]), pull("#3"), pull("#4", ["#2", "#3"])])).toEqual([
      "#1 done",
      "#2 done",
      "#3 done",
      "#4 done",
    ]);
  });

  it("must skip exactly what depends on a failure, and go on with the rest", async () => {
    const { apply, journal } = rig(async ({ id }) => {
      if (id === "#1") throw new Error("no such image");
    });
    expect(
      await apply([pull("#1"), pull("#2", ["#1"]), pull("#3"), pull("#4", ["#2"]), pull("#5", ["#3"])]),
    ).toEqual(["#1 failed", "#2 skipped", "#3 done", "#4 skipped", "#5 done"]);
    expect(journal).toEqual(expect.arrayContaining(["failed #1", "done #3", "done #5"]));
    expect(journal).not.toContain("begin #2");
  });

  it("must note by name what it is about to make, before it does", async () => {
    const { apply, journal } = rig(async ({ id }) => {
      journal.push(`do ${id}`);
      return Promise.resolve();
    });
    const base = { after: [], resource: "", causes: [], class: "live" as const, instance: "app" };
    const network = { key: "inner", name: "lab-app_inner", digest: "", definition: {} };
    await apply([
      { ...base, id: "#1", kind: "create-network", project: "lab-app", network },
      {
        ...base,
        id: "#2",
        after: ["#1"],
        kind: "create-containers",
        project: "lab-app",
        services: ["db", "web"],
        parts: [],
        force: false,
      },
    ]);
    expect(journal).toEqual([
      "begin #1 lab-app_inner",
      "do #1",
      "done #1",
      "begin #2 lab-app/db lab-app/web",
      "do #2",
      "done #2",
    ]);
  });

  const apart = [
    { services: ["a"], after: [] },
    { services: ["b"], after: [] },
    { services: ["c", "guest"], after: [] },
  ];
  const started = [
    start("#2", "a", ["#1"]),
    start("#3", "b", ["#1"]),
    start("#4", "guest", ["#1"]),
    pull("#5", ["#1"]),
    start("#6", "elsewhere", ["#1"]),
  ];

  it.each(["K3008", "K3007"])("must create apart what cannot be created together (%s)", async (code) => {
    const { calls, run } = failFor(["b"], code);
    const { apply, events, journal, skipped } = rig(run);
    expect(await apply([create("#1", apart), ...started])).toEqual([
      "#1 b failed",
      "#1 a,c,guest done",
      "#2 done",
      "#3 skipped",
      "#4 done",
      "#5 skipped",
      "#6 skipped",
    ]);
    expect(calls).toEqual(["a,b,c,guest", "a", "b", "c,guest"]);
    expect(events).toEqual(expect.arrayContaining(["failed #1", "finished #1"]));
    expect(skipped[0]).toBe("#3: creating lab-app/b failed");
    expect(journal.filter((line) => line.includes("#1"))).toEqual([
      "begin #1 lab-app/a lab-app/b lab-app/c lab-app/guest",
      "failed #1",
    ]);
  });

  it("must have an error of its own for each that cannot be created", async () => {
    const { calls, run } = failFor(["a", "c"], "K3008");
    const { apply, failures } = rig(run);
    expect(await apply([create("#1", apart)])).toEqual(["#1 a failed", "#1 c,guest failed", "#1 b done"]);
    expect(calls).toHaveLength(4);
    expect(failures).toEqual(["service:lab-app/a: a", "services:lab-app/{c,guest}: c"]);
  });

  it.each([
    { what: "an engine that is gone", code: "K3001", outcome: transient },
    { what: "a Compose that is not there", code: "K3008", outcome: stalled },
  ])("must not try again apart with $what", async ({ code, outcome }) => {
    const { calls, run } = failFor(["a"], code, outcome);
    const { apply } = rig(run);
    expect(await apply([create("#1", apart), ...started.slice(0, 2)])).toEqual([
      "#1 a,b,c,guest failed",
      "#2 skipped",
      "#3 skipped",
    ]);
    expect(calls).toEqual(["a,b,c,guest"]);
  });

  it("must leave out of a creation what waits for a failure, and only that", async () => {
    const { apply, skipped } = rig(async ({ id }) => {
      if (id === "#0") throw new Error("no such image");
    });
    const parts = [
      { services: ["a"], after: ["#0"] },
      { services: ["b"], after: ["#7"] },
    ];
    expect(await apply([pull("#0"), pull("#7"), create("#1", parts), ...started.slice(0, 2)])).toEqual([
      "#0 failed",
      "#7 done",
      "#1 a skipped",
      "#1 b done",
      "#2 skipped",
      "#3 done",
    ]);
    expect(skipped).toEqual(["#1: pulling #0 failed", "#2: pulling #0 failed"]);
  });

  it("must say of all that it skips what it began with", async () => {
    const { apply, skipped } = rig(async () => {
      throw new Error("no such image");
    });
    await apply([pull("#1"), pull("#2", ["#1"]), pull("#3", ["#2"])]);
    expect(skipped).toEqual(["#2: pulling #1 failed", "#3: pulling #1 failed"]);
  });

  it("must run at most four at once, waiting not counted", async () => {
    let running = 0;
    let most = 0;
    let waiting = 0;
    const { apply } = rig(async ({ kind }) => {
      if (kind === "await-service") {
        waiting++;
        return;
      }
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
    });
    const pulls = Array.from({ length: 20 }, (_, index) => pull(`#${index + 1}`));
    const waits = Array.from({ length: 5 }, (_, index) => wait(`#${index + 21}`));
    await apply([...pulls, ...waits]);
    expect(most).toBe(4);
    expect(waiting).toBe(5);
  });

  it("must cut waiting short for a newer revision, end what is at work, and begin nothing more", async () => {
    const aborted: string[] = [];
    const { apply, newer, skipped } = rig(async ({ id }, { signal }) => {
      signal.addEventListener("abort", () => aborted.push(id));
      if (id === "#1") await new Promise((_resolve, reject) => signal.addEventListener("abort", reject));
      if (id === "#2") newer.abort(new Error("newer"));
    });
    const restart: Operation = {
      kind: "restart-container",
      id: "#2",
      after: [],
      resource: "service:lab-app/web",
      causes: [],
      class: "restart",
      instance: "app",
      project: "lab-app",
      service: "web",
      containerId: "c",
    };
    expect(await apply([wait("#1"), restart, pull("#3", ["#2"])])).toEqual([
      "#1 failed",
      "#2 done",
      "#3 skipped",
    ]);
    expect(aborted).toEqual(["#1"]);
    expect(skipped).toEqual(["#3: a newer revision came"]);
  });

  it("must begin nothing more once it is told to stop", async () => {
    const { apply, stop } = rig(async ({ id }) => {
      if (id === "#1") stop.abort(new Error("stop"));
    });
    expect(await apply([pull("#1"), pull("#2", ["#1"])])).toEqual(["#1 done", "#2 skipped"]);
  });

  it("must refuse a plan whose order is broken before it does anything", async () => {
    const done: string[] = [];
    const { apply } = rig(async ({ id }) => void done.push(id));
    await expect(apply([pull("#1"), pull("#2", ["#3"]), pull("#3")])).rejects.toThrow("#2 depends on #3");
    expect(done).toEqual([]);
  });

  it("must begin nothing that the journal cannot note, and return only when what runs has ended", async () => {
    const ended: string[] = [];
    const { apply } = rig(
      async ({ id }) => {
        await new Promise((resolve) => setImmediate(resolve));
        ended.push(id);
      },
      { unwritable: "#2" },
    );
    expect(await apply([pull("#1"), pull("#2"), pull("#3", ["#1"])])).toEqual([
      "#1 done",
      "#2 failed",
      "#3 skipped",
    ]);
    expect(ended).toEqual(["#1"]);
  });
});
