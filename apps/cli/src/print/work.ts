import type { AgentWork } from "@keelson/model";
import { seeAgent } from "@keelson/node";
import { escapePainted } from "@keelson/report";
import { createLogUpdate } from "log-update";

import type { Output, Style } from "../output.ts";

const betweenLooksMs = 500;

const marks: Record<AgentWork["ended"][number]["state"], { style: Style; mark: string }> = {
  done: { style: "green", mark: "✓" },
  failed: { style: "red", mark: "✗" },
  skipped: { style: "dim", mark: "- skipped" },
};

/**
 * Shows what a round of the agent does until it is ended: a line for each operation that ends, and on a terminal those at
 * work below them. Ending it shows what ended meanwhile.
 */
export async function showWork(stateDir: string, output: Output): Promise<{ end: () => Promise<void> }> {
  const log = output.isLive ? createLogUpdate(process.stderr, { showCursor: true }) : null;
  // What ended before was not asked for.
  let seq = (await seeAgent(stateDir, Number.MAX_SAFE_INTEGER)).work?.seq ?? 0;
  const look = async () => {
    const { work } = await seeAgent(stateDir, seq);
    if (work === null) return;
    ({ seq } = work);
    if (work.ended.length > 0) log?.clear();
    for (const { state, text } of work.ended) {
      const { style, mark } = marks[state];
      output.printError(`  ${output.styleError(style, mark)} ${text}`);
    }
    log?.(escapePainted(formatDoing(work)));
  };
  let looking: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    looking = looking.then(look);
  }, betweenLooksMs);
  return {
    end: async () => {
      clearInterval(timer);
      await looking;
      await look();
      log?.clear();
    },
  };
}

/** The operations at work, a line each. */
export function formatDoing({ doing }: Pick<AgentWork, "doing">): string {
  return doing.map((text) => `  … ${text}`).join("\n");
}
