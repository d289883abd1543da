/** Why a round ended without a summary. */
export interface Loss {
  /** K9045: the round could not begin. K9046: it crashed. K9047: it was killed, or ended without a result. */
  code: "K9045" | "K9046" | "K9047";
  /** One line. It holds nothing that a secret could be in. */
  message: string;
}

export interface LostEnd {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** The loss as the round itself told it; null when it told none. */
  lastWords: Loss | null;
  /** Why the watcher killed the round; null when it did not. */
  killedBecause: string | null;
  /** Why no process could be started; null when one was. */
  startError: Error | null;
}

/** The loss of a round, by what is known of its end. */
export function describeLoss({ exitCode, signal, lastWords, killedBecause, startError }: LostEnd): Loss {
  if (lastWords !== null) return lastWords;
  if (startError !== null) return killed(`could not be started: ${startError.message}`);
  if (killedBecause !== null) return killed(`was killed by the agent: ${killedBecause}`);
  if (signal !== null) return killed(`was ended by ${signal}${causesOf[signal] ?? ""}`);
  return killed(`ended with code ${exitCode ?? "unknown"} and without a result`);
}

/** What these signals mostly come from. */
const causesOf: Partial<Record<NodeJS.Signals, string>> = {
  SIGKILL: ": by somebody, or by the kernel because memory is short",
  SIGABRT: ": mostly because its own memory was used up",
  SIGTRAP: ": mostly because its own memory was used up",
};

function killed(what: string): Loss {
  return { code: "K9047", message: `the round ${what}` };
}
