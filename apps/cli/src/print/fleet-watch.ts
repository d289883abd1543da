import { setTimeout as sleep } from "node:timers/promises";

import { describeFleetChanges, escapePainted } from "@keelson/report";
import { createLogUpdate } from "log-update";

import type { Output } from "../output.ts";
import { type FleetView, formatFleet } from "./fleet.ts";

export interface FleetFetch {
  view: FleetView;
  /** Why the statuses could not be fetched, so that the view is the clone's own; empty otherwise. */
  warning: string;
}

export interface WatchInput {
  readFleet: () => Promise<FleetFetch>;
  output: Output;
  intervalMs: number;
  signal: AbortSignal;
}

/**
 * Shows the fleet every `intervalMs`, until the signal. A terminal gets a picture that is redrawn. Elsewhere the first
 * view is printed whole, and then a line for each change, or the whole list again with `--json`.
 */
export async function watchFleet({ readFleet, output, intervalMs, signal }: WatchInput): Promise<void> {
  const stopped = new Promise<null>((resolve) => {
    signal.addEventListener("abort", () => resolve(null), { once: true });
  });
  const screen = process.stdout.isTTY && !output.json ? openScreen(output) : openLines(output);
  try {
    while (!signal.aborted) {
      const seen = await Promise.race([readFleet(), stopped]);
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
  show: (snapshot: FleetFetch) => void;
  end: () => void;
}

/** Lines around the nodes: the head, an empty one, two below the table, `… and N more`, the warning, the cursor's. */
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
  let last: FleetFetch | null = null;
  return {
    show: (snapshot) => {
      const changes = last === null ? [] : describeFleetChanges(last.view.rows, snapshot.view.rows);
      if (snapshot.warning !== "" && snapshot.warning !== last?.warning) output.printError(snapshot.warning);
      if (output.json) {
        if (last === null || changes.length > 0) output.printJson(snapshot.view.rows);
      } else if (last === null) output.print(formatFleet(snapshot.view, { style: output.style }));
      for (const line of output.json ? [] : changes) output.print(`${new Date().toISOString()}  ${line}`);
      last = snapshot;
    },
    end: () => {},
  };
}
