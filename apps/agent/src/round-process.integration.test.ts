import { writeFile } from "node:fs/promises";

import { makeTempFolder, waitFor } from "@keelson/test/support";
import { expect, it, vi } from "vitest";

import { type RunningRound, startRound } from "./round-process.ts";
import { newRoundSummary } from "./test-round-summary.ts";

const never = 600_000;
/** A process has given its first sign of life by then, also on a busy machine. */
const startMs = 5_000;
const patient = { silentMs: never, stopMs: never, exitMs: never };

interface FakeRound extends AsyncDisposable {
  round: RunningRound;
  /** How often it gave a sign of life. */
  signs: () => number;
  stop: () => void;
}

/** A process that does this in place of a round. */
async function start(script: string, limits: Partial<typeof patient>): Promise<FakeRound> {
  const folder = await makeTempFolder();
  const program = folder.join("round.cjs");
  await writeFile(program, script);
  const stop = new AbortController();
  let signs = 0;
  const round = startRound(
    {
      program,
      config: "c",
      trigger: "t",
      attempt: 0,
      isGitSilent: false,
      knownCommit: null,
      lost: null,
      logForm: "json",
    },
    {
      signal: stop.signal,
      onSetting: () => {},
      onSign: () => signs++,
      limits: { ...patient, ...limits },
    },
  );
  return {
    round,
    signs: () => signs,
    stop: () => stop.abort(),
    [Symbol.asyncDispose]: async () => folder[Symbol.asyncDispose](),
  };
}

const summary = newRoundSummary();
const stay = "setInterval(() => {}, 1000);";
const tell = (message: object) => `process.send(${JSON.stringify(message)});`;

it("a round that has told its summary and does not exit must be killed, and its summary counts", async () => {
  await using fake = await start(`${tell({ type: "ended", summary })} ${stay}`, { exitMs: 200 });
  expect(await fake.round.ended).toEqual({ summary, loss: null });
  expect(fake.round.killedBecause()).toBe("it had not ended 0.2 s after its last message");
});

it("a round that does not end when it is asked to must be killed", async () => {
  const script = `process.on("SIGTERM", () => {}); ${tell({ type: "alive" })} ${stay}`;
  await using fake = await start(script, { stopMs: 200 });
  await waitFor(() => fake.signs() > 0, { what: "the round to begin" });
  fake.stop();
  const killedBecause = "it had not ended 0.2 s after SIGTERM";
  expect(await fake.round.ended).toEqual({
    summary: null,
    loss: { code: "K9047", message: `the round was killed by the agent: ${killedBecause}` },
  });
  expect(fake.round.killedBecause()).toBe(killedBecause);
});

it("a round that stands still must be killed", async () => {
  const script = `process.send({ type: "alive" }, () => process.kill(process.pid, "SIGSTOP")); ${stay}`;
  await using fake = await start(script, { silentMs: startMs });
  expect(await fake.round.ended).toMatchObject({ summary: null, loss: { code: "K9047" } });
  expect(fake.signs()).toBe(1);
  expect(fake.round.killedBecause()).toBe(`it gave no sign of life for ${startMs / 1_000} s`);
});

it("a round that tells that it lives may take its time, and ends by itself", async () => {
  const script = `
    let signs = 0;
    setInterval(() => {
      ${tell({ type: "alive" })}
      if (++signs === 60) process.send(${JSON.stringify({ type: "ended", summary })}, () => process.exit());
    }, 100);`;
  await using fake = await start(script, { silentMs: startMs });
  expect(await fake.round.ended).toEqual({ summary, loss: null });
  expect(fake.round.killedBecause()).toBeNull();
});

const life = new URL("round-life.ts", import.meta.url).href;
/** As the program of a round does it, and then this. */
const alive = (script: string) => `import(${JSON.stringify(life)}).then(({ tellLife }) => {
  tellLife();
  setTimeout(() => { ${script} }, 10);
});`;

it.each([
  [
    "is killed from outside",
    `process.kill(process.pid, "SIGKILL");`,
    "K9047",
    /ended by SIGKILL: .* memory is short$/,
  ],
  ["aborts", "process.abort();", "K9047", /ended by SIGABRT: .* memory was used up$/],
  ["ends without a word", "process.exit(0);", "K9047", /ended with code 0 and without a result/],
  ["ends with a code", "process.exit(70);", "K9047", /ended with code 70/],
  ["is no program", "{", "K9047", /ended with code 1 /],
  ["throws", alive(`null.the_secret;`), "K9046", /crashed: TypeError at .*round\.cjs:3/],
  [
    "hears nobody",
    alive(`new (require("node:events"))().emit("error", new RangeError("the_secret"));`),
    "K9046",
    /crashed: RangeError at /,
  ],
  [
    "has an error of a system that nobody hears",
    alive(`require("node:net").connect("/nowhere/the_secret");`),
    "K9046",
    /crashed: Error ENOENT/,
  ],
  [
    "has a promise that nobody waits for",
    alive(`Promise.reject(new SyntaxError("the_secret"));`),
    "K9046",
    /crashed: SyntaxError at /,
  ],
  ["rejects with no error", alive(`Promise.reject("the_secret");`), "K9046", /ERR_UNHANDLED_REJECTION/],
  ["throws no error", alive(`throw "the_secret";`), "K9046", /no error \(string\)/],
  [
    "throws what fights back",
    alive(`throw Object.assign(new Error(), { name: "the_secret\\n\\u001b", code: "x y", stack: 7 });`),
    "K9046",
    /crashed: Error$/,
  ],
])("a round that %s must be lost with its cause", async (_what, script, code, message) => {
  await using fake = await start(script, {});
  const end = await fake.round.ended;
  expect(end).toEqual({ summary: null, loss: { code, message: expect.stringMatching(message) } });
  // oxlint-disable-next-line no-control-regex -- what would rule a terminal
  expect(end.loss?.message).not.toMatch(/[\u0000-\u001f]/);
  expect(end.loss?.message).not.toContain("the_secret");
});

it("a round that uses up its memory must be lost with its cause", async () => {
  vi.stubEnv("NODE_OPTIONS", "--max-old-space-size=16");
  try {
    const script = "const kept = []; for (;;) kept.push(new Array(1e5).fill({}));";
    await using fake = await start(script, {});
    expect((await fake.round.ended).loss).toEqual({
      code: "K9047",
      message: expect.stringMatching(/^the round was ended by SIG(ABRT|TRAP): mostly because its own memory/),
    });
  } finally {
    vi.unstubAllEnvs();
  }
});
