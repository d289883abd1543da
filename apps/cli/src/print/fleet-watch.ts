import { setTimeout as sleep } from "node:timers/promises";

import { describeFleetChanges, escapePainted } from "@keelson/report";
import { createLogUpdate } from "log-update";

import type { Output } from "../output.ts";
import { type FleetView, formatFleet } from "./fleet.ts";

export interface Look {
  view: FleetView;
  /** Why the view is only what the clone has; empty otherwise. */
  warning: string;
}

export interface WatchInput {
  look: () => Promise<Look>;
  output: Output;
  intervalMs: number;
  signal: AbortSignal;
}

/**
 * Looks again and again, until the signal: a picture that is redrawn on a terminal; elsewhere the first view whole, and
 * then a line for each change, or all of it again as JSON.
 */
export async function watchFleet({ look, output, intervalMs, signal }: WatchInput): Promise<void> {
  const stopped = new Promise<null>((resolve) => {
    signal.addEventListener("abort", () => resolve(null), { once: true });
  });
  const screen = process.stdout.isTTY && !output.json ? openScreen(output) : openLines(output);
  try {
    while (!signal.aborted) {
      const seen = await Promise.race([look(), stopped]);
      if (seen !== null) screen.show(seen);
      await sleep(intervalMs, undefined, { signal }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  } finally {
    screen.end();
  }
}

interface Screen {
  show: (look: Look) => void;
  end: () => void;
}

/** Lines of a picture that are no nodes: the head, an empty one, two below the table, a cut one, the warning, the cursor's. */
const otherLines = 8;

function openScreen(output: Output): Screen {
  const log = createLogUpdate(process.stdout, { showCursor: true });
  return {
    show: ({ view, warning }) => {
      const { columns, rows } = process.stdout;
      const maxRows = Math.max(1, rows - otherLines);
      const text = formatFleet(view, { style: output.style, columns, maxRows });
      log(escapePainted(warning === "" ? text : `${text}\n${warning}`));
    },
    end: () => log.done(),
  };
}

function openLines(output: Output): Screen {
  let last: Look | null = null;
  return {
    show: (look) => {
      const changes = last === null ? [] : describeFleetChanges(last.view.rows, look.view.rows);
      if (look.warning !== "" && look.warning !== last?.warning) output.printError(look.warning);
      if (output.json) {
        if (last === null || changes.length > 0) output.printJson(look.view.rows);
      } else if (last === null) output.print(formatFleet(look.view, { style: output.style }));
      for (const line of output.json ? [] : changes) output.print(`${new Date().toISOString()}  ${line}`);
      last = look;
    },
    end: () => {},
  };
}
