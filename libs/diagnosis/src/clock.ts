import { type Verdict, failure, ok, warning } from "./verdict.ts";

const warningMs = 5_000;
const failureMs = 60_000;

/** By how much this machine's clock is ahead of another one, such as `the engine's`. */
export function judgeClock(aheadMs: number, other: string): Verdict {
  const offMs = Math.abs(aheadMs);
  // The other clock is known to a second or so only.
  if (offMs <= warningMs) return ok(`within ${warningMs / 1000} s of ${other}`);
  const found = `${Math.round(offMs / 1000)} s ${aheadMs > 0 ? "ahead of" : "behind"} ${other}`;
  const hint =
    "Synchronize both clocks (timedatectl set-ntp true): certificates, statuses and logs depend on them.";
  return offMs > failureMs ? failure(found, hint) : warning(found, hint);
}
