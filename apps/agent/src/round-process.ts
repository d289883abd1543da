import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

import type { RoundReport } from "./round-report.ts";

const program = fileURLToPath(new URL("main.ts", import.meta.url));

/**
 * One round in a process of its own, which ends with it: memory that a round takes is given back. Returns what it
 * reported, or null when it died without a word. On abort it is asked to end, and finishes what it is in.
 */
export async function runRound(config: string, signal: AbortSignal): Promise<RoundReport | null> {
  const child = spawn(process.execPath, [program, "reconcile", "--config", config], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const stop = () => void child.kill("SIGTERM");
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await readReport(child);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

async function readReport(child: ChildProcess): Promise<RoundReport | null> {
  return await new Promise((resolve, reject) => {
    let report: RoundReport | null = null;
    child.once("message", (message: RoundReport) => {
      report = message;
    });
    child.once("error", reject);
    child.once("close", () => resolve(report));
  });
}
