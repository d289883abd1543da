import { createLogUpdate } from "log-update";

import type { Output } from "../output.ts";

/** Shows on a terminal how much of some work is done; elsewhere nothing. */
export function showShare(
  output: Output,
  what: string,
): { onProgress: (share: { done: number; total: number }) => void; end: () => void } {
  const log = output.isLive ? createLogUpdate(process.stderr, { showCursor: true }) : null;
  log?.(`${what} …`);
  return {
    onProgress: ({ done, total }) => log?.(`${what} … ${done} of ${total}`),
    end: () => log?.clear(),
  };
}
