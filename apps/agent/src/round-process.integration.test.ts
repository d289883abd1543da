import { writeFile } from "node:fs/promises";

import { makeTempFolder, waitFor } from "@keelson/test/support";
import { expect, it } from "vitest";

import { type RunningRound, startRound } from "./round-process.ts";
import { newReport } from "./test-report.ts";

const never = 600_000;
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

const report = newReport();
const stay = "setInterval(() => {}, 1000);";
const tell = (message: object) => `process.send(${JSON.stringify(message)});`;

it("a round that has reported and does not exit must be killed, and its report counts", async () => {
  await using fake = await start(`${tell({ type: "ended", report })} ${stay}`, { exitMs: 200 });
  expect(await fake.round.ended).toEqual(report);
  expect(fake.round.killedBecause()).toBe("it had not ended 0.2 s after its report");
});

it("a round that does not end when it is asked to must be killed", async () => {
  const script = `process.on("SIGTERM", () => {}); ${tell({ type: "alive" })} ${stay}`;
  await using fake = await start(script, { stopMs: 200 });
  await waitFor(() => fake.signs() > 0, { what: "the round to begin" });
  fake.stop();
  expect(await fake.round.ended).toBeNull();
  expect(fake.round.killedBecause()).toBe("it had not ended 0.2 s after it was asked to");
});

it("a round that stands still must be killed", async () => {
  const script = `${tell({ type: "alive" })} setTimeout(() => process.kill(process.pid, "SIGSTOP"), 50); ${stay}`;
  await using fake = await start(script, { silentMs: 1_500 });
  expect(await fake.round.ended).toBeNull();
  expect(fake.signs()).toBe(1);
  expect(fake.round.killedBecause()).toBe("it gave no sign of life for 1.5 s");
});

it("a round that tells that it lives may take its time, and ends by itself", async () => {
  const script = `
    let signs = 0;
    setInterval(() => {
      ${tell({ type: "alive" })}
      if (++signs === 30) process.send(${JSON.stringify({ type: "ended", report })}, () => process.exit());
    }, 100);`;
  await using fake = await start(script, { silentMs: 1_500 });
  expect(await fake.round.ended).toEqual(report);
  expect(fake.round.killedBecause()).toBeNull();
});
