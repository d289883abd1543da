import {
  type CreateContainers,
  type DesiredNode,
  KeelsonError,
  type Operation,
  type Plan,
  type StartService,
  emptyRecord,
  transient,
} from "@keelson/model";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { applyAndHeal } from "./heal-meanwhile.ts";
import type { OperationPorts, RecordPort } from "./ports.ts";

const desired: DesiredNode = {
  environment: "lab",
  node: "n",
  lockDigest: "",
  digest: "",
  instances: [],
  networks: [],
  held: [],
};

function start(service: string, operation: { id?: string; after?: string[] } = {}): StartService {
  const { id = "#1", after = [] } = operation;
  const resource = `service:lab-${service}`;
  const [instance = "", name = ""] = service.split("/");
  const of = { instance, project: `lab-${instance}`, service: name };
  return { kind: "start-service", id, after, resource, causes: [], class: "live", ...of };
}

function create(instance: string, services: string[]): CreateContainers {
  const of = { instance, project: `lab-${instance}`, services, parts: [], force: false };
  return { kind: "create-containers", id: "#1", after: [], resource: "", causes: [], class: "live", ...of };
}

const planOf = (...operations: Operation[]): Plan => ({
  environment: "lab",
  node: "n",
  desiredDigest: "",
  operations,
  blocked: [],
  notices: [],
  grants: [],
});

/** A plan whose one operation, of `lab-slow/app`, ends when the test says so; `wanted` is what a look finds to be done. */
function rig(wanted: () => Plan, fails = false) {
  const slow = Promise.withResolvers<void>();
  const begun: string[] = [];
  let onDeath = (_service: string) => {};
  let isWatched = true;
  const run = async (operation: Operation) => {
    begun.push(`${operation.kind} ${operation.resource.replace("service:lab-", "")}`);
    if (operation.resource === "service:lab-slow/app") return slow.promise;
    if (fails) throw new Error("no");
  };
  const kinds = ["start-service", "create-containers"];
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the others are never asked for
  const operations = Object.fromEntries(kinds.map((kind) => [kind, run])) as unknown as OperationPorts;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only the journal is written
  const record = {
    readState: () => emptyRecord,
    beginOperation: () => {},
    finishOperation: () => {},
  } as unknown as RecordPort;
  const looks: string[] = [];
  const newer = new AbortController();
  const applied = applyAndHeal(planOf(start("slow/app")), {
    desired,
    ports: {
      operations,
      record,
      emit: () => {},
      now: () => new Date(0),
      watchDeaths: (listener) => {
        onDeath = listener;
        return {
          [Symbol.dispose]: () => {
            isWatched = false;
          },
        };
      },
    },
    roundId: 1,
    signal: new AbortController().signal,
    waiting: newer.signal,
    replan: async () => {
      looks.push("look");
      return Promise.resolve(wanted());
    },
  });
  /** Lets all that can go on without an outside event do so. */
  const turn = async () => new Promise((resolve) => setImmediate(resolve));
  const die = async (service: string) => {
    onDeath(service);
    await turn();
    await vi.advanceTimersByTimeAsync(500); // it looks no more often than that
    await turn();
  };
  const end = async () => {
    slow.resolve();
    const { results, healed } = await applied;
    return { results: results.length, healed: healed.map(({ operation }) => operation.resource) };
  };
  const burst = (service: string, count: number) => {
    for (let each = 0; each < count; each++) onDeath(service);
  };
  return { begun, looks, newer, die, burst, end, isWatched: () => isWatched };
}

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
afterEach(() => void vi.useRealTimers());

describe("while a plan is applied", () => {
  it("must start at once what stops and is none of its business", async () => {
    const { begun, die, end, isWatched } = rig(() => planOf(start("web/one")));
    await die("lab-web/one");
    expect(begun).toEqual(["start-service slow/app", "start-service web/one"]);
    expect(await end()).toEqual({ results: 1, healed: ["service:lab-web/one"] });
    expect(isWatched()).toBe(false);
  });

  it("must not look for what it does itself", async () => {
    const { looks, die, end } = rig(() => planOf(start("slow/app")));
    await die("lab-slow/app");
    await end();
    expect(looks).toEqual([]);
  });

  it("must leave alone what it does itself, what would have to wait, and instances that Compose is at work in", async () => {
    const wanted = planOf(
      start("slow/app"),
      { ...create("slow", ["new"]), id: "#2" },
      start("web/one", { id: "#3", after: ["#9"] }),
      start("web/two", { id: "#4" }),
      start("web/three", { id: "#5", after: ["#4"] }),
      { ...create("mail", ["db"]), id: "#6", resource: "service:lab-mail/db" },
      start("mail/db", { id: "#7", after: ["#6"] }),
    );
    const { begun, die, end } = rig(() => wanted);
    await die("lab-web/two");
    await die("lab-web/two");
    expect(begun.slice(1, 5).toSorted()).toEqual([
      "create-containers mail/db",
      "start-service mail/db",
      "start-service web/three",
      "start-service web/two",
    ]);
    await end();
    expect(begun).not.toContain("start-service web/one");
  });

  it("must bring back what keeps ending after longer and longer rests, and never give it up", async () => {
    const { begun, die, end } = rig(() => planOf(start("web/one")));
    const times = () => begun.filter((each) => each.endsWith("web/one")).length;
    for (let death = 0; death < 40; death++) await die("lab-web/one"); // 20 s
    const prompt = times();
    expect(prompt).toBeGreaterThanOrEqual(4);
    expect(prompt).toBeLessThan(10);
    await vi.advanceTimersByTimeAsync(100_000);
    expect(times()).toBeGreaterThan(prompt);
    await end();
  });

  it("must not count what could not be brought back: the next round does it", async () => {
    const { begun, die, end } = rig(() => planOf(start("web/one")), true);
    await die("lab-web/one");
    expect(begun).toContain("start-service web/one");
    expect(await end()).toEqual({ results: 1, healed: [] });
  });

  it("must go on where the node cannot be looked at", async () => {
    let isAway = true;
    const { begun, die, end } = rig(() => {
      if (isAway) throw new KeelsonError({ code: "K3001", message: "away", outcome: transient });
      return planOf(start("web/one"));
    });
    await die("lab-web/one");
    isAway = false;
    await die("lab-web/one");
    expect(begun).toContain("start-service web/one");
    await end();
  });

  it("must do so also when a newer revision came: what was begun may go on for long", async () => {
    const { begun, newer, die, end } = rig(() => planOf(start("web/one")));
    newer.abort();
    await die("lab-web/one");
    expect(begun).toContain("start-service web/one");
    await end();
  });

  it("must look by itself now and then: an event can be lost", async () => {
    const { begun, end } = rig(() => planOf(start("web/one")));
    await vi.advanceTimersByTimeAsync(30_000);
    expect(begun).toContain("start-service web/one");
    await end();
  });

  it("must not look for each of a burst of deaths", async () => {
    const { looks, die, end, burst } = rig(() => planOf());
    burst("lab-web/one", 100);
    await die("lab-web/one");
    expect(looks.length).toBeLessThanOrEqual(2);
    await end();
  });

  it("must tell a bug, after the plan has ended", async () => {
    const { die, end } = rig(() => {
      throw new TypeError("a bug");
    });
    await die("lab-web/one");
    await expect(end()).rejects.toThrow("a bug");
  });
});
