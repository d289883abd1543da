import { PassThrough, Readable } from "node:stream";

import { sharedEngine, startEngine, waitFor } from "@keelson/test/support";
import { afterAll, beforeAll, expect, test } from "vitest";

import { type InteractiveExec, type TerminalSize, execInteractive } from "./index.ts";
import { type TestBench, everything, makeTestBench, ownershipOf } from "./test-bench.ts";

let bench: TestBench;
beforeAll(async () => {
  bench = await makeTestBench(await sharedEngine());
  await start("web");
});
afterAll(() => bench[Symbol.asyncDispose]());

async function start(service: string, { at = bench, isStarted = true, extra = {} } = {}): Promise<void> {
  const made = await at.docker.createContainer({
    name: `${at.project("core")}-${service}-1`,
    Image: at.image,
    StopTimeout: 1,
    Labels: { ...at.serviceLabels("core", service), ...extra },
    HostConfig: { NetworkMode: "none" },
  });
  if (isStarted) await made.start();
}

/** A writable whose text so far can be read. */
function sink() {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  return { stream, text: () => Buffer.concat(chunks).toString("utf8") };
}

function exec(command: readonly string[], request: Partial<InteractiveExec> = {}, at = bench) {
  const [stdout, stderr] = [sink(), sink()];
  const exitCode = execInteractive(at.context.engine, {
    environment: at.environment,
    project: at.project("core"),
    service: "web",
    ownershipOf,
    madeHere: everything,
    command,
    tty: false,
    stdin: null,
    stdout: stdout.stream,
    stderr: stderr.stream,
    signal: new AbortController().signal,
    ...request,
  });
  // Its failure is looked at later.
  exitCode.catch(() => {});
  return { exitCode, stdout, stderr };
}

test("a command's output and exit code come back, both streams apart", async () => {
  const { exitCode, stdout, stderr } = exec(["sh", "-c", "echo out; echo err >&2; exit 42"]);
  expect(await exitCode).toBe(42);
  expect([stdout.text(), stderr.text()]).toEqual(["out\n", "err\n"]);
  expect(await exec(["true"]).exitCode).toBe(0);
  expect(await exec(["/no/such/program"]).exitCode).toBeOneOf([126, 127]);
});

test("the input reaches the command, and its end too", async () => {
  const { exitCode, stdout } = exec(["wc", "-c"], { stdin: Readable.from(["hello ", "world"]) });
  expect(await exitCode).toBe(0);
  expect(stdout.text().trim()).toBe("11");
  const none = exec(["wc", "-c"]);
  expect(await none.exitCode).toBe(0);
  expect(none.stdout.text().trim()).toBe("0");
});

test("much input and output passes whole, and a slow reader is waited for", async () => {
  const block = Buffer.alloc(64 * 1024, "x");
  const slow = new PassThrough({ highWaterMark: 1024 });
  const running = exec(["cat"], {
    stdin: Readable.from(Array.from({ length: 64 }, () => block)),
    stdout: slow,
  });
  let size = 0;
  for await (const chunk of slow) {
    const bytes: Buffer = chunk;
    size += bytes.length;
    if (size === 64 * block.length) break;
  }
  expect(await running.exitCode).toBe(0);
  expect(size).toBe(64 * block.length);
});

test("a command that ends before it has read its input is no failure", async () => {
  const block = Buffer.alloc(64 * 1024, "x");
  for (let count = 0; count < 5; count++) {
    const stdin = Readable.from(Array.from({ length: 200 }, () => block));
    const { exitCode, stdout } = exec(["sh", "-c", "head -c 3; exit 7"], { stdin });
    expect(await exitCode).toBe(7);
    expect(stdout.text()).toBe("xxx");
  }
});

test("with a terminal the command has one, with the caller's size as it changes", async () => {
  let listener: (size: TerminalSize) => void = () => {};
  let subscriptions = 0;
  const stdin = new PassThrough();
  const { exitCode, stdout } = exec(["sh"], {
    tty: true,
    stdin,
    size: (told) => {
      listener = told;
      subscriptions++;
      told({ columns: 91, rows: 31 });
      return () => subscriptions--;
    },
  });
  const shows = (text: string) =>
    waitFor(
      () => {
        // The size arrives when it arrives: ask again.
        if (stdin.writable) stdin.write("stty size\n");
        return stdout.text().includes(text);
      },
      { what: `the size ${text}` },
    );
  await shows("31 91");
  listener({ columns: 120, rows: 5 });
  listener({ columns: 121, rows: 51 });
  await shows("51 121");
  expect(subscriptions).toBe(1);
  stdin.write("tty; exit 5\n");
  expect(await exitCode).toBe(5);
  expect(stdout.text()).toContain("/dev/pts/");
  expect(subscriptions).toBe(0);
});

test("only a running container of ours is entered", async () => {
  await start("stopped", { isStarted: false });
  await start("forged", { extra: { "io.keelson.owner": "f".repeat(64) } });
  for (const service of ["stopped", "forged", "nothing"]) {
    await expect(exec(["true"], { service }).exitCode).rejects.toMatchObject({ code: "K3010" });
  }
});

test("the signal ends the conversation with K3014, and so does an output that nobody reads", async () => {
  const controller = new AbortController();
  const { exitCode, stdout } = exec(["sh", "-c", "echo ready; sleep 1000"], { signal: controller.signal });
  await waitFor(() => stdout.text() === "ready\n", { what: "the command to run" });
  controller.abort();
  await expect(exitCode).rejects.toMatchObject({ code: "K3014" });
  const closed = new PassThrough();
  const endless = exec(["yes"], { stdout: closed });
  closed.once("data", () => closed.destroy());
  await expect(endless.exitCode).rejects.toMatchObject({ code: "K3014" });
});

test("an engine that goes away is K3001", async () => {
  await using own = await startEngine();
  await using there = await makeTestBench(own.docker, own.dockerHost);
  await start("web", { at: there });
  const { exitCode, stdout } = exec(["sh", "-c", "echo ready; sleep 1000"], {}, there);
  await waitFor(() => stdout.text() === "ready\n", { what: "the command to run" });
  await own.kill();
  await expect(exitCode).rejects.toMatchObject({ code: "K3001" });
  await own.start();
});
