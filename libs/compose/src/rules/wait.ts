import { type Json, healthcheckDefaults, isJsonObject, longestWaitMs, parseDurationMs } from "@keelson/model";

import { type Rule, shown } from "../rule.ts";

const durations = ["interval", "timeout", "start_period", "start_interval"] as const;

/** K1429: waits so long that they are a mistake, or too short for the engine. A node cuts shorter ones to the limits of its agent.yaml. */
export const waitRules: readonly Rule[] = [
  {
    at: "services.*.stop_grace_period",
    code: "K1429",
    refuse: refuseDuration,
    hint: "Write how long the program needs to end, such as 30s, or 5m for a database.",
  },
  ...durations.map((name): Rule => {
    return {
      at: `services.*.healthcheck.${name}`,
      code: "K1429",
      refuse: refuseDuration,
      hint: "Write how long the program takes, such as 30s.",
    };
  }),
  {
    at: "services.*.healthcheck",
    code: "K1429",
    refuse: ({ value }) =>
      isJsonObject(value) && healthWaitMs(value) > longestWaitMs
        ? "start_period and the retries of interval and timeout come to more than 24h together"
        : null,
    hint: "Write fewer retries, or shorter ones.",
  },
];

/** Longer than any duration that Compose writes; reading digits without end takes the square of their number. */
const longestText = 64;

/** Compose itself refuses a text that is no duration; variables are judged after Compose has filled them in. */
function refuseDuration({ value, key }: { value: Json; key: string }): string | null {
  if (typeof value !== "string" || value.includes("$")) return null;
  if (value.length > longestText) return `${key} is ${value.length} characters long`;
  // The engine takes a negative grace for one without an end.
  if (value.trim().startsWith("-")) return `${key} ${shown(value)} is below zero`;
  const ms = parseDurationMs(value);
  // A grace of less is one of nothing, and so is a part of a check that is zero.
  if (ms === 0 && /[1-9]/.test(value) && key !== "stop_grace_period")
    return `${key} ${shown(value)} is shorter than the engine's smallest, 1ms`;
  return ms > longestWaitMs ? `${key} ${shown(value)} is longer than 24h` : null;
}

/** How long a check takes to fail; 0 where one of its parts is refused by itself. */
function healthWaitMs(check: Record<string, Json>): number {
  const partMs = (name: "interval" | "timeout" | "start_period") => {
    const value = check[name] ?? healthcheckDefaults[name];
    const isPlain = typeof value === "string" && value.length <= longestText && !value.includes("$");
    return isPlain ? parseDurationMs(value) : 0;
  };
  const [startMs, intervalMs, timeoutMs] = [partMs("start_period"), partMs("interval"), partMs("timeout")];
  if (Math.max(startMs, intervalMs, timeoutMs) > longestWaitMs) return 0;
  const retries = Number(check["retries"] ?? healthcheckDefaults.retries);
  return startMs + (intervalMs + timeoutMs) * (Number.isNaN(retries) ? healthcheckDefaults.retries : retries);
}
