import { labels } from "@keelson/model";
import { sharedEngine, startEngine, waitFor } from "@keelson/test/support";
import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { type LogLine, type LogRequest, streamLogs } from "./index.ts";
import { type TestBench, everything, makeTestBench, ownershipOf } from "./test-bench.ts";

let bench: TestBench;
beforeAll(async () => {
  bench = await makeTestBench(await sharedEngine());
});
afterAll(() => bench[Symbol.asyncDispose]());

interface Extra {
  number?: number;
  tty?: boolean;
  labels?: Record<string, string>;
}

/** A started container of a service that runs a script. */
async function run(
  where: { bench?: TestBench; instance: string; service: string },
  { script, number = 1, tty = false, ...extra }: Extra & { script: string },
): Promise<Docker.Container> {
  const { bench: at = bench, instance, service } = where;
  const made = await at.docker.createContainer({
    name: `${at.project(instance)}-${service}-${number}`,
    Image: at.image,
    Cmd: ["sh", "-c", script],
    Tty: tty,
    StopTimeout: 1,
    Labels: { ...at.serviceLabels(instance, service), ...extra.labels },
    HostConfig: { NetworkMode: "none" },
  });
  await made.start();
  return made;
}

/** Writes a line ten times a second until it ends. */
const ticking = (word: string) =>
  `trap 'echo ${word} bye; exit 0' TERM; n=0; while :; do n=$((n+1)); echo ${word} $n; sleep 0.1; done`;

function read(instance: string, request: Partial<LogRequest> = {}, at = bench) {
  const lines: LogLine[] = [];
  const controller = new AbortController();
  const done = streamLogs(at.context.engine, {
    environment: at.environment,
    project: at.project(instance),
    ownershipOf,
    madeHere: everything,
    services: [],
    tail: "all",
    follow: false,
    timestamps: false,
    signal: controller.signal,
    onLine: (line) => lines.push(line),
    ...request,
  });
  // Its failure is looked at later.
  done.catch(() => {});
  return { lines, done, controller, texts: () => lines.map(({ text }) => text) };
}

describe("the logs of a project", () => {
  const ended = async (container: Docker.Container) => await container.wait();

  test("come with service, container and stream, and without times one container after the other", async () => {
    await ended(
      await run({ instance: "two", service: "web" }, { script: "echo one; echo two; echo -n end" }),
    );
    await ended(await run({ instance: "two", service: "db" }, { script: "echo bad >&2" }));
    const foreign = { [labels.owner]: "f".repeat(64) };
    await ended(await run({ instance: "two", service: "evil" }, { script: "echo evil", labels: foreign }));
    const oneOff = { "com.docker.compose.oneoff": "True" };
    await ended(await run({ instance: "two", service: "run" }, { script: "echo mine", labels: oneOff }));

    const all = read("two");
    await all.done;
    const container = `${bench.project("two")}-web-1`;
    const web = { service: "web", container, stream: "stdout", isFirst: true };
    expect(all.lines).toEqual([
      { ...web, service: "db", container: `${bench.project("two")}-db-1`, stream: "stderr", text: "bad" },
      { ...web, text: "one" },
      { ...web, text: "two", isFirst: false },
      { ...web, text: "end", isFirst: false },
    ]);
    const some = read("two", { services: ["web"], tail: 2 });
    await some.done;
    expect(some.texts()).toEqual(["two", "end"]);
    const timed = read("two", { services: ["web"], timestamps: true });
    await timed.done;
    expect(timed.texts()).toEqual(
      ["one", "two", "end"].map((text) => expect.stringMatching(new RegExp(`^20\\d\\d-.*Z ${text}$`))),
    );
    const late = read("two", { services: ["web"], since: new Date(Date.now() + 60_000) });
    await late.done;
    expect(late.lines).toEqual([]);
  });

  test("come by their times, and the services that were asked for only", async () => {
    const script = (first: string) => `echo ${first}; ${ticking(first)}`;
    const [web, db] = await Promise.all([
      run({ instance: "merged", service: "web" }, { script: script("web") }),
      run({ instance: "merged", service: "db" }, { script: script("db") }),
    ]);
    await run({ instance: "merged", service: "other" }, { script: "echo other" });
    const live = read("merged", { follow: true });
    await waitFor(() => live.texts().includes("web 9") && live.texts().includes("db 9"), { what: "lines" });
    live.controller.abort();
    await live.done;
    await Promise.all([web.kill(), db.kill()]);
    const logs = read("merged", { services: ["web", "db"], timestamps: true });
    await logs.done;
    const times = logs.texts().map((text) => text.split(" ")[0] ?? "");
    expect(times.length).toBeGreaterThanOrEqual(20);
    expect(times).toEqual(times.toSorted());
    const services = logs.lines.map(({ service }) => service);
    expect(new Set(services)).toEqual(new Set(["web", "db"]));
    // Neither of them as a whole before the other.
    expect(services.slice(services.indexOf("db"))).toContain("web");
    expect(services.slice(services.indexOf("web"))).toContain("db");
  });

  test("of a service without a container of ours are K3010", async () => {
    for (const service of ["evil", "nothing"]) {
      await expect(read("two", { services: [service] }).done).rejects.toMatchObject({ code: "K3010" });
    }
    const ownershipOf = () => "forged" as const;
    await expect(read("two", { ownershipOf }).done).rejects.toMatchObject({ code: "K3010" });
  });

  test("of a terminal are lines too, and long lines are bounded", async () => {
    const script = "echo one; head -c 200000 /dev/zero | tr '\\0' x; echo; echo two";
    await ended(await run({ instance: "tty", service: "terminal" }, { script, tty: true }));
    await ended(await run({ instance: "tty", service: "frames" }, { script }));
    const logs = read("tty");
    await logs.done;
    const expected = ["one", "x".repeat(65_536), "two"];
    for (const service of ["terminal", "frames"]) {
      const own = logs.lines.filter((line) => line.service === service);
      expect(own.map(({ text }) => text.length)).toEqual(expected.map((text) => text.length));
      expect(own.map(({ text }) => text)).toEqual(expected);
    }
  });
});

describe("followed logs", () => {
  const count = (texts: readonly string[], text: string) => texts.filter((each) => each === text).length;

  test("of two services come until the abort, which is no failure", async () => {
    await run({ instance: "follow", service: "web" }, { script: ticking("web") });
    await run({ instance: "follow", service: "db" }, { script: ticking("db") });
    const logs = read("follow", { follow: true });
    await waitFor(() => logs.texts().includes("web 5") && logs.texts().includes("db 5"), {
      what: "lines of both",
    });
    logs.controller.abort();
    await logs.done;
    const { length } = logs.lines;
    // Another reader sees further ones, so that the first could have.
    const other = read("follow", { follow: true, tail: 0 });
    await waitFor(() => other.lines.length > 3, { what: "further lines" });
    expect(other.texts()).not.toContain("web 1");
    other.controller.abort();
    await other.done;
    expect(logs.lines).toHaveLength(length);
  });

  test("go on with a container that is restarted, and with one that is made, each line once", async () => {
    const script = `echo begin $(cat /n 2>/dev/null || echo 0); echo 1 > /n; ${ticking("web")}`;
    const web = await run({ instance: "again", service: "web" }, { script });
    const logs = read("again", { follow: true, tail: 1 });
    await waitFor(() => logs.texts().includes("web 3"), { what: "the first run" });
    await web.restart();
    await waitFor(() => logs.texts().includes("begin 1"), { what: "the second run" });
    await waitFor(() => count(logs.texts(), "web 3") === 2, { what: "more of the second run" });
    await run({ instance: "again", service: "db" }, { script: "echo db is new; sleep 1000" });
    await waitFor(() => logs.texts().includes("db is new"), { what: "the new container" });
    await web.stop();
    await waitFor(() => count(logs.texts(), "web bye") === 2, { what: "the last line" });
    await web.remove();
    await run({ instance: "again", service: "web" }, { script: "echo web is new; sleep 1000" });
    await waitFor(() => logs.texts().includes("web is new"), { what: "the container in its place" });
    logs.controller.abort();
    await logs.done;
    // Both runs counted so far, and said that they end.
    for (const text of ["web 3", "web bye"]) expect([text, count(logs.texts(), text)]).toEqual([text, 2]);
    for (const text of ["begin 1", "db is new", "web is new"]) {
      expect([text, count(logs.texts(), text)]).toEqual([text, 1]);
    }
  });

  test("end with K3001 when the engine goes away", async () => {
    await using own = await startEngine();
    await using there = await makeTestBench(own.docker, own.dockerHost);
    await run({ bench: there, instance: "away", service: "web" }, { script: ticking("web") });
    const logs = read("away", { follow: true }, there);
    await waitFor(() => logs.texts().includes("web 2"), { what: "lines" });
    await own.kill();
    await expect(logs.done).rejects.toMatchObject({ code: "K3001" });
    await own.start();
  });
});
