import { parseDurationMs } from "@keelson/model";

import { type Facts, listOf, note, numberOf, recordOf, textOf, textsOf } from "./fact.ts";

const nanosecondsOfMs = 1_000_000;

/** A health check as the engine has it. Times are nanoseconds; zero is what the engine takes by default. */
export interface Healthcheck {
  Test: string[];
  Interval: number;
  Timeout: number;
  StartPeriod: number;
  StartInterval: number;
  Retries: number;
}

export function healthOf(config: unknown): Healthcheck {
  const { Test, Interval, Timeout, StartPeriod, StartInterval, Retries } = recordOf(config);
  return {
    Test: textsOf(Test),
    Interval: numberOf(Interval),
    Timeout: numberOf(Timeout),
    StartPeriod: numberOf(StartPeriod),
    StartInterval: numberOf(StartInterval),
    Retries: numberOf(Retries),
  };
}

/** As Compose writes it for the engine, which takes what is not said from the image (moby, image merge). */
export function desiredHealth(healthcheck: unknown, image: Healthcheck): Healthcheck {
  const own = recordOf(healthcheck);
  if (Object.keys(own).length === 0) return image;
  const time = (key: string) => parseDurationMs(textOf(own[key])) * nanosecondsOfMs;
  const test = own["disable"] === true ? ["NONE"] : listOf(own["test"]).map(textOf);
  return {
    Test: test.length > 0 ? test : image.Test,
    Interval: time("interval") || image.Interval,
    Timeout: time("timeout") || image.Timeout,
    StartPeriod: time("start_period") || image.StartPeriod,
    StartInterval: time("start_interval") || image.StartInterval,
    Retries: numberOf(own["retries"]) || image.Retries,
  };
}

export function noteHealth(facts: Facts, health: Healthcheck): void {
  for (const [key, value] of Object.entries(health)) note(facts, `healthcheck.${names[key] ?? key}`, value);
}

const names: Record<string, string> = {
  Test: "test",
  Interval: "interval",
  Timeout: "timeout",
  StartPeriod: "start_period",
  StartInterval: "start_interval",
  Retries: "retries",
};
