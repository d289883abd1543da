#!/usr/bin/env node
import { realpathSync } from "node:fs";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";

// A reader that is gone takes its log with it, and not the node.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

// The process that stays loads no library: what it does not load does not grow. Everything else is loaded when asked for.
const [command, ...args] = process.argv.slice(2);
if (command === "run" && !args.includes("--help") && !args.includes("-h")) {
  await stay();
} else {
  // A watcher started this round.
  if (process.connected) (await import("./round-life.ts")).tellLife();
  const { runCommandLine } = await import("./command-line.ts");
  process.exitCode = await runCommandLine();
}
// An IPC channel to a watcher would keep a finished round alive.
if (process.connected) process.disconnect();

async function stay(): Promise<void> {
  // It does little and waits much: code that is compiled for speed, and room for much garbage, take some 20 MiB more.
  for (const flag of ["--no-opt", "--no-maglev", "--semi-space-growth-factor=1"]) setFlagsFromString(flag);
  // Until the watcher hears it: it would end a process that does not.
  process.on("SIGHUP", () => {});
  const { watch } = await import("./watch.ts");
  const { chooseLogForm, logForms } = await import("./log-event.ts");
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());
  try {
    const { values } = parseArgs({
      args,
      options: { config: { type: "string", default: "/etc/keelson/agent.yaml" }, log: { type: "string" } },
    });
    const asked = logForms.find((form) => form === values.log);
    if (asked === undefined && values.log !== undefined) {
      throw Object.assign(new Error(`--log takes ${logForms.join(" or ")}`), { code: "ERR_PARSE_ARGS" });
    }
    // The file that runs, by its own path and not by a link to it: the rounds of an agent are of its own version, also
    // when another was put in its place meanwhile.
    const program = realpathSync(process.argv[1] ?? "");
    const logForm = chooseLogForm(asked, process.stdout);
    await watch({ program, config: values.config, logForm }, stop.signal);
  } catch (error) {
    const isUsage =
      error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = isUsage ? 2 : 1;
  }
}
