/** Why a round told nothing. */
export interface Loss {
  /** K9045: it could not begin. K9046: it crashed. K9047: it was killed, or ended without a result. */
  code: "K9045" | "K9046" | "K9047";
  /** A line without anything that secrets could be in. */
  message: string;
}

export interface LostEnd {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** What it told of its own end. */
  words: Loss | null;
  /** Why the agent killed it; null when it did not. */
  killedBecause: string | null;
  /** Why there was no process at all. */
  startError: Error | null;
}

/** What is known of the end of a round that told no result. */
export function describeLoss({ exitCode, signal, words, killedBecause, startError }: LostEnd): Loss {
  if (words !== null) return words;
  if (startError !== null) return killed(`could not be started: ${startError.message}`);
  if (killedBecause !== null) return killed(`was killed by the agent: ${killedBecause}`);
  if (signal !== null) return killed(`was ended by ${signal}${causesOf[signal] ?? ""}`);
  return killed(`ended with code ${exitCode ?? "unknown"} and without a result`);
}

/** Who mostly sends them. */
const causesOf: Partial<Record<NodeJS.Signals, string>> = {
  SIGKILL: ": by somebody, or by the kernel because memory is short",
  SIGABRT: ": mostly because its own memory was used up",
  SIGTRAP: ": mostly because its own memory was used up",
};

function killed(what: string): Loss {
  return { code: "K9047", message: `the round ${what}` };
}
