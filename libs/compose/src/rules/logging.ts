import { remoteLoggingOptions } from "@keelson/grants";
import { type Json, isJsonObject } from "@keelson/model";

import { type Occurrence, type Rule, isOff, shown } from "../rule.ts";

const code = "K1430";

/** Options that every driver takes; they only choose what is written with a line. */
const about = ["labels", "labels-regex", "env", "env-regex", "tag"];
/** Of the engine itself, for every driver (docs.docker.com, Configure logging drivers). */
const buffer = ["mode", "max-buffer-size"];

/**
 * Drivers and their options without those that name files (docs.docker.com, the page of each driver). The first ones keep a
 * container's output with the engine; the others send it from there, to an address that needs a grant.
 */
const optionsOf = new Map<string, readonly string[]>([
  ["json-file", ["max-size", "max-file", "compress", ...about, ...buffer]],
  ["local", ["max-size", "max-file", "compress", ...buffer]],
  ["journald", [...about, ...buffer]],
  ["none", []],
  ...[...remoteLoggingOptions].map(([driver, options]): [string, string[]] => [
    driver,
    [...options, ...about, ...buffer],
  ]),
]);
const everyOption = new Set([...optionsOf.values()].flat());
/** What the engine's own default is, Git does not know. */
const optionsOfDefault = [...optionsOf].flatMap(([driver, options]) =>
  remoteLoggingOptions.has(driver) ? [] : options,
);
const optionHint =
  "Use an option that limits or labels what the engine keeps itself; docs/spec/package.md lists them.";

/** K1430: the engine itself sends and writes logs, so a driver is a way to the node's files and network. */
export const loggingRules: readonly Rule[] = [
  {
    at: "services.*.logging.driver",
    code,
    refuse: ({ value, context }) => {
      if (isOff(value) || isOpen(value, context)) return null;
      return typeof value === "string" && optionsOf.has(value)
        ? null
        : `the logging driver ${shown(value)} is not one that Keelson knows`;
    },
    hint: `Permitted are ${[...optionsOf.keys()].join(", ")}; the last three need a grant. Without a driver, the engine's default counts, which the administrator chooses.`,
  },
  {
    at: "services.*.logging.options.*",
    code,
    refuse: ({ key }) =>
      everyOption.has(key) ? null : `the logging option ${key} is not one that Keelson knows to be harmless`,
    hint: optionHint,
  },
  { at: "services.*.logging", code, refuse: optionRefusal, hint: optionHint },
  {
    at: "services.*.logging.options.*",
    code,
    refuse: ({ key, value, context }) => {
      const limit = limits.get(key);
      if (limit === undefined || isOff(value) || isOpen(value, context)) return null;
      const text = typeof value === "string" ? value : JSON.stringify(value);
      return limit.permits(text) ? null : `the logging option ${key} is ${shown(value)}, ${limit.but}`;
    },
    hint: "The engine works with the value for every line of the log: keep it small and plain.",
  },
];

/** An option that only other drivers have, or one that is missing. */
function optionRefusal({ value, context }: Occurrence): string | null {
  if (!isJsonObject(value)) return null;
  const { driver = null } = value;
  const options = isJsonObject(value["options"]) ? value["options"] : {};
  if (context.stage === "model" && driver === "gelf" && isOff(options["gelf-address"] ?? null))
    return "the logging driver gelf has no gelf-address";
  // A file may leave the driver to another one.
  const unnamed = context.stage === "model" ? optionsOfDefault : undefined;
  const named = typeof driver === "string" ? optionsOf.get(driver) : undefined;
  const known = isOff(driver) ? unnamed : named;
  if (known === undefined) return null;
  const foreign = Object.keys(options).find((key) => everyOption.has(key) && !known.includes(key));
  return foreign === undefined ? null : `the logging driver ${shown(driver)} has no option ${foreign}`;
}

/** A Go template, in which `pad` could ask for any amount of the engine's memory, may have plain fields only. */
const plainTag =
  /^(?:[^{}]|\{\{\s*\.(?:ID|FullID|Name|ImageID|ImageFullID|ImageName|DaemonName)\s*\}\}){0,256}$/;
/** Repetitions such as `(a{1000}){1000}` grow without bound in the expressions of old engines. */
const plainPattern = /^[^{}]{0,256}$/;
const mostBufferedBytes = 64 * 1024 * 1024;

const shortPattern: Limit = {
  permits: (text) => plainPattern.test(text),
  but: "and may be a short pattern without braces",
};

interface Limit {
  permits: (text: string) => boolean;
  /** What is permitted, for a message. */
  but: string;
}

/** Limits of the values of some options, since the engine itself holds or runs them. */
const limits = new Map<string, Limit>([
  [
    "tag",
    {
      permits: (text) => plainTag.test(text),
      but: "and may be text with {{.Name}}, {{.ID}}, {{.FullID}}, {{.ImageName}}, {{.ImageID}}, {{.ImageFullID}} and {{.DaemonName}}",
    },
  ],
  ["labels-regex", shortPattern],
  ["env-regex", shortPattern],
  [
    "max-buffer-size",
    { permits: (text) => bytesOf(text) <= mostBufferedBytes, but: "and may be 64m at most" },
  ],
]);

/** Of a size as the engine reads it, such as `4m`; infinite for what is none. */
function bytesOf(text: string): number {
  const [, number = "", unit = ""] = /^(\d{1,12})\s?([bkm]?)b?$/i.exec(text) ?? [];
  return number === "" ? Infinity : Number(number) * ({ k: 1024, m: 1024 * 1024 }[unit.toLowerCase()] ?? 1);
}

/** A variable is judged after Compose has filled it in: until then nothing is done with it. */
function isOpen(value: Json, { stage }: Occurrence["context"]): boolean {
  return stage === "file" && typeof value === "string" && value.includes("$");
}
