import { KeelsonError, type Status, stalled } from "@keelson/model";
import { describe, expect, it } from "vitest";

import type { NodePorts } from "./ports.ts";
import { type RoundOptions, describeUnbegun, reportLost } from "./reconcile-once.ts";

const at = new Date("2026-11-20T08:00:00.000Z");
const after = (ms: number) => new Date(at.getTime() + ms);
const away = new KeelsonError({ code: "K2001", message: "away" });
const refused = new KeelsonError({ code: "K2013", message: "refused", outcome: stalled });

function newOptions(retry: RoundOptions["retry"]): RoundOptions {
  return {
    reference: { environment: "lab", node: "lab-1" },
    source: { url: "http://git.example/platform.git", branch: "main" },
    trigger: "start of the agent",
    retry,
    bootId: "",
    signal: new AbortController().signal,
  };
}

const retry = {
  attempt: 2,
  delayMs: ({ hasNewWork }: { hasNewWork: boolean }) => (hasNewWork ? 0 : 8_000),
  keepsUpToMs: null,
};

describe("the retry of a round", () => {
  it("must be told in the status when the caller's back-off says, and to the caller", () => {
    const { status, next } = describeUnbegun(away, { ...newOptions(retry), suspension: null, at });
    expect(status.retry).toEqual({ attempt: 3, nextAt: after(8_000).toISOString() });
    expect(next).toEqual({
      retryMs: 8_000,
      settledMs: null,
      stopRunMs: null,
      heartbeatMs: Infinity,
      publishFailingMs: null,
      awaits: [],
    });
  });

  it.each([
    ["only a person can help", refused, retry],
    ["nobody retries", away, null],
  ])("must be none where %s", (_what, error, policy) => {
    const { status, next } = describeUnbegun(error, { ...newOptions(policy), suspension: null, at });
    expect([status.retry, next.retryMs]).toEqual([null, null]);
  });
});

it("a round that could not begin must say that the node is suspended", () => {
  const suspension = { since: at.toISOString(), by: "ana", reason: "a look at the disk" };
  const { status } = describeUnbegun(away, { ...newOptions(null), suspension, at });
  expect(status.suspended).toEqual(suspension);
});

describe("publishing the status", () => {
  /** A node whose status lies in its folder, and whose remote fails with an error, or takes everything. */
  function newNode(error: KeelsonError | null): { node: NodePorts; setNow: (now: Date) => void } {
    let local: Status | null = null;
    let now = at;
    const node: NodePorts = {
      emit: () => {},
      now: () => now,
      readSuspension: async () => Promise.resolve(null),
      readStatus: async () => Promise.resolve(local),
      writeStatus: async (status) => {
        local = await Promise.resolve(status);
      },
      statusPort: {
        heartbeatMs: 3_600_000,
        readPublished: async () => Promise.resolve(null),
        publishStatus: async ({ write }) => {
          if (error !== null) throw error;
          return Promise.resolve(write(null, null));
        },
      },
      openPorts: async () => Promise.reject(new Error("a lost round opens nothing")),
    };
    return {
      node,
      setNow: (later) => {
        now = later;
      },
    };
  }

  async function facts(error: KeelsonError | null, laterMs: number) {
    const { node, setNow } = newNode(error);
    const input = { error: away, commit: "c".repeat(40), options: newOptions(null) };
    await reportLost(node, input);
    setNow(after(laterMs));
    return (await reportLost(node, input)).next;
  }

  it.each([
    ["a minute", 60_000, 60_000],
    ["a clock that was set back counts as far", -60_000, 60_000],
  ])("must tell how long it has been failing: %s", async (_what, laterMs, failingMs) => {
    expect(await facts(away, laterMs)).toMatchObject({ publishFailingMs: failingMs, heartbeatMs: Infinity });
  });

  it("must not be retried where only a person can help, nor where it succeeded", async () => {
    expect((await facts(refused, 60_000)).publishFailingMs).toBeNull();
    expect(await facts(null, 60_000)).toMatchObject({ publishFailingMs: null, heartbeatMs: 3_600_000 });
  });

  it("must tell all that either of the last two says the node made, while nothing is observed", async () => {
    const { node } = newNode(null);
    const input = { error: away, commit: "c".repeat(40), options: newOptions(null) };
    const { status } = await reportLost(node, input);
    const { statusPort } = node;
    if (statusPort === null) throw new Error("it publishes");
    await node.writeStatus({ ...status, made: ["a1"] });
    const readPublished = async () => Promise.resolve({ ...status, made: ["a1", "b2"] });
    const later = await reportLost({ ...node, statusPort: { ...statusPort, readPublished } }, input);
    expect(later.status.made).toEqual(["a1", "b2"]);
  });
});
