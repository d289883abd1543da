#!/usr/bin/env node
import { realpathSync } from "node:fs";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";

// When the reader of the log is gone, the agent goes on without a log.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

// The watcher loads no library, because what it does not load does not grow. Every other command loads what it needs.
const [command, ...args] = process.argv.slice(2);
if (command === "run" && !args.includes("--help") && !args.includes("-h")) {
  await runWatcher();
} else {
  // This is a round that a watcher started.
  if (process.connected) (await import("./round-life.ts")).tellLife();
  const { runCommandLine } = await import("./command-line.ts");
  process.exitCode = await runCommandLine();
}
// An open IPC channel to the watcher would keep a finished round alive.
if (process.connected) process.disconnect();

async function runWatcher(): Promise<void> {
  // The watcher does little. Code compiled for speed, and room for much garbage, would take 20 MiB more.
  for (const flag of ["--no-opt", "--no-maglev", "--semi-space-growth-factor=1"]) setFlagsFromString(flag);
  // SIGHUP ends a process without a listener, and the watcher has its own only later.
  process.on("SIGHUP", () => {});
  const { watch } = await import("./watch.ts");
  const { defaultConfigPath } = await import("./config-path.ts");
  const { chooseLogForm, logForms } = await import("./log-event.ts");
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());
  try {
    const { values } = parseArgs({
      args,
      options: { config: { type: "string", default: defaultConfigPath }, log: { type: "string" } },
    });
    const chosen = logForms.find((form) => form === values.log);
    if (chosen === undefined && values.log !== undefined) {
      throw Object.assign(new Error(`--log takes ${logForms.join(" or ")}`), { code: "ERR_PARSE_ARGS" });
    }
    // The file that runs, by its own path and not by a link to it. Rounds have the agent's own version then, also after an
    // upgrade has pointed the link at another one.
    const program = realpathSync(process.argv[1] ?? "");
    const logForm = chooseLogForm(chosen, process.stdout);
    await watch({ program, config: values.config, logForm }, stop.signal);
  } catch (error) {
    const isUsage =
      error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = isUsage ? 2 : 1;
  }
}
