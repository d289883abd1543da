import { setTimeout as sleep } from "node:timers/promises";

import type { Exec } from "dockerode";

import type { Engine } from "./engine.ts";
import { EngineError, askEngine } from "./request.ts";

export interface TerminalSize {
  columns: number;
  rows: number;
}

/** Calls the listener with the size at once and after each change; returns what ends that. */
export type SubscribeToSize = (listener: (size: TerminalSize) => void) => () => void;

const attempts = 10;

/** Keeps the size of a command's terminal equal to the subscribed one, until it is disposed. */
export function followSize(
  engine: Engine,
  input: { exec: Exec; subscribe: SubscribeToSize; signal: AbortSignal; what: string },
): Disposable {
  const { exec, subscribe, what } = input;
  const over = new AbortController();
  const signal = AbortSignal.any([input.signal, over.signal]);
  let wanted: TerminalSize | null = null;
  let isBusy = false;
  // One at a time and only the newest: overtaking ones would leave an old size.
  const work = async () => {
    if (isBusy) return;
    isBusy = true;
    while (wanted !== null && !signal.aborted) {
      const size: TerminalSize = wanted;
      wanted = null;
      await resize(engine, { exec, size, signal, what });
    }
    isBusy = false;
  };
  const unsubscribe = subscribe((size) => {
    wanted = size;
    void work();
  });
  return {
    [Symbol.dispose]: () => {
      unsubscribe();
      over.abort();
    },
  };
}

/**
 * Right after its start a command has no terminal yet, and engines answer with different errors; after its end it has none
 * any more. A wrong size is no reason to end a conversation, so a failure has no consequence.
 */
async function resize(
  engine: Engine,
  { exec, size, signal, what }: { exec: Exec; size: TerminalSize; signal: AbortSignal; what: string },
): Promise<void> {
  const { rows: h, columns: w } = size;
  for (let attempt = 1; attempt <= attempts && !signal.aborted; attempt++) {
    try {
      return await askEngine(engine, {
        what,
        signal,
        send: (abortSignal) => exec.resize({ h, w, abortSignal }),
      });
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof EngineError)) throw error;
      await sleep(attempt * 20, undefined, { ref: false });
    }
  }
}
