#!/usr/bin/env node
import { parseArgs } from "node:util";

// The process that stays loads no library: what it does not load does not grow. Everything else is loaded when asked for.
const [command, ...args] = process.argv.slice(2);
if (command === "run" && !args.includes("--help") && !args.includes("-h")) {
  await stay();
} else {
  const { runCommandLine } = await import("./command-line.ts");
  process.exitCode = await runCommandLine();
}
// An IPC channel to a watcher would keep a finished round alive.
if (process.connected) process.disconnect();

async function stay(): Promise<void> {
  const { watch } = await import("./watch.ts");
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());
  try {
    const { values } = parseArgs({
      args,
      options: { config: { type: "string", default: "/etc/keelson/agent.yaml" } },
    });
    await watch(values.config, stop.signal);
  } catch (error) {
    const isUsage =
      error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = isUsage ? 2 : 1;
  }
}
