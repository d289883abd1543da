import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { join } from "node:path";

import { KeelsonError } from "@keelson/model";

import { withoutConfig } from "./config-checks.ts";
import type { ExaminedNode } from "./examined-node.ts";
import { type Verdict, ok, skipped, warning } from "./verdict.ts";

/** Whether the program of `notify` can be run. Nobody is told anything; of a webhook's URL only the server is shown. */
export async function examineNotify({ config, environment }: ExaminedNode): Promise<Verdict> {
  if (config instanceof KeelsonError) return skipped(withoutConfig);
  const { command, webhook } = config.notify ?? {};
  const hosts = webhook === undefined ? [] : [new URL(webhook.url).origin];
  if (command === undefined) {
    return hosts.length === 0 ? skipped("agent.yaml names nobody to tell") : ok(hosts.join());
  }
  const [program = ""] = command;
  const places = program.includes("/")
    ? [program]
    : (environment.PATH ?? "").split(":").map((folder) => join(folder, program));
  const found = await Promise.all(places.map(isExecutable));
  if (found.includes(true)) return ok([program, ...hosts].join(", "));
  return warning(
    `${program} is no program that can be run`,
    "Correct notify.command in agent.yaml, or make the file executable (chmod +x).",
  );
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    // Why does not matter here: the verdict names the program.
    return false;
  }
}
