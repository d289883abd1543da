import { readFile, stat, writeFile } from "node:fs/promises";
import { makeTempFolder, waitFor, type TempFolder } from "@keelson/test/support";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { LogEvent } from "./log-event.ts";
import type { Send } from "./notification-sender.ts";
import { type NodeState, mostAttempts, notificationRetryMs } from "./notification.ts";
import { type Teller, openTeller } from "./teller.ts";

let folder: TempFolder;
let open: Teller[] = [];
beforeEach(async () => {
  folder = await makeTempFolder("keelson-teller-");
});
afterEach(async () => {
  for (const teller of open) teller.close();
  open = [];
  await folder[Symbol.asyncDispose]();
});

const notificationOf = (state: NodeState, id: string = state) =>
  ({ v: 1, id, at: "", environment: "lab", node: "n1", state, reason: "", message: "", commit: "" }) as const;

/** A teller whose notifications are taken by `take`; what was taken, and its log. */
function start(take: (count: number, signal: AbortSignal) => Promise<void> = async () => {}) {
  const told: [string | null, string][] = [];
  const log: LogEvent[] = [];
  const ends: string[] = [];
  let count = 0;
  const send: Send = async (text, signal) => {
    await take(++count, signal);
    const { before, state } = JSON.parse(text);
    told.push([before, state]);
  };
  const file = folder.join("told.json");
  const teller = openTeller({
    name: "webhook",
    file,
    log: (event) => log.push(event),
    onEnd: (result) => ends.push(result),
    send: () => send,
    retryMs: () => 0,
  });
  open.push(teller);
  return { teller, told, log, ends, file, count: () => count, events: () => log.map(({ event }) => event) };
}

const away = async () => Promise.reject(new Error("http://hook.example does not answer"));

describe("a teller", () => {
  it("must tell each change once, in order, and nothing that is no change", async () => {
    const { teller, told, events, file } = start();
    for (const state of ["ready", "ready", "not-ready", "stalled", "stalled", "ready"] as const)
      teller.note(notificationOf(state));
    await waitFor(() => told.length === 4, { what: "all changes" });
    expect(told).toEqual([
      [null, "ready"],
      ["ready", "not-ready"],
      ["not-ready", "stalled"],
      ["stalled", "ready"],
    ]);
    expect(events()).toEqual(["notified", "notified", "notified", "notified"]);
    expect(JSON.parse(await readFile(file, "utf8"))).toEqual({ state: "ready", pending: [] });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it("must try again until it is taken, and say once that it was not", async () => {
    const { teller, told, events, log } = start((count) => (count < 5 ? away() : Promise.resolve()));
    teller.note(notificationOf("not-ready"));
    await waitFor(() => told.length === 1, { what: "the notification" });
    expect(events()).toEqual(["notify-failed", "notified"]);
    expect(log[0]).toMatchObject({ code: "K9086", message: expect.stringContaining("does not answer") });
  });

  it("must end after so many attempts, and go on with the next change", async () => {
    const { teller, told, events, ends, count } = start((at) =>
      at <= mostAttempts ? away() : Promise.resolve(),
    );
    teller.note(notificationOf("not-ready"));
    await waitFor(() => events().includes("notify-ended"), { what: "the end" });
    expect(count()).toBe(mostAttempts);
    teller.note(notificationOf("ready"));
    await waitFor(() => told.length === 1, { what: "the next change" });
    expect(told).toEqual([["not-ready", "ready"]]);
    await waitFor(() => ends.length === 2, { what: "both ends" });
    expect(ends).toEqual(["failed", "told"]);
  });

  it("must tell after its start what was pending, and know what was told", async () => {
    // It never gets an answer: the attempt ends with the teller.
    const first = start(async (_, signal) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      signal.throwIfAborted();
    });
    first.teller.note(notificationOf("ready"));
    first.teller.note(notificationOf("stalled"));
    await waitFor(() => first.count() === 1, { what: "the first attempt" });
    first.teller.close();
    expect(first.told).toEqual([]);
    const second = start();
    second.teller.note(notificationOf("stalled"));
    await waitFor(() => second.told.length === 2, { what: "what was pending" });
    expect(second.told).toEqual([
      [null, "ready"],
      ["ready", "stalled"],
    ]);
    const third = start();
    third.teller.note(notificationOf("stalled"));
    third.teller.note(notificationOf("ready"));
    await waitFor(() => third.told.length === 1, { what: "the change" });
    expect(third.told).toEqual([["stalled", "ready"]]);
  });

  it("must keep the newest where too many wait", async () => {
    const held = Promise.withResolvers<void>();
    const { teller, told } = start((count) => (count === 1 ? held.promise : Promise.resolve()));
    for (let count = 0; count < 30; count++)
      teller.note(notificationOf(count % 2 === 0 ? "ready" : "stalled"));
    held.resolve();
    await waitFor(() => told.length === 21, { what: "those that were kept" });
    expect(told.at(-1)).toEqual(["ready", "stalled"]);
  });

  it.each(["not JSON", "{}", "3", "", '{"state":null,"pending":[{}]}', '{"state":"ready","pending":[null]}'])(
    "must say with K9087 that %j cannot be used, and go on",
    async (text) => {
      await writeFile(folder.join("told.json"), text);
      const { teller, told, log } = start();
      expect(log).toMatchObject([{ code: "K9087" }]);
      teller.note(notificationOf("ready"));
      await waitFor(() => told.length === 1, { what: "the notification" });
    },
  );
});

it("the pauses between attempts must grow to five minutes, and end within half an hour", () => {
  expect([1, 2, 3].map((attempts) => notificationRetryMs(attempts, 0.5))).toEqual([1_000, 2_000, 4_000]);
  expect(notificationRetryMs(11, 0.5)).toBe(300_000);
  const all = Array.from({ length: mostAttempts - 1 }, (_, index) => notificationRetryMs(index + 1, 1));
  expect(all.reduce((sum, each) => sum + each, 0)).toBeLessThan(30 * 60_000);
});
