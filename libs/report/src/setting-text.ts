import { type InstanceSettingChanges, type Json, type SettingChange, canonicalText } from "@keelson/model";

import { escapeText } from "./visible-text.ts";

const longestValue = 60;

/**
 * What the settings of instances are differently, one line each, with where the new value stands, and those that stay while
 * their default changes. Instances with the same changes share their lines; without changes there are no lines.
 */
export function formatSettingChanges(all: readonly InstanceSettingChanges[]): string[] {
  const groups = Map.groupBy(all, ({ changes }) => canonicalText(changes));
  return [...groups.values()].flatMap((group) => [
    `settings of ${group.map(({ instance }) => escapeText(instance)).join(", ")}:`,
    ...(group[0]?.changes ?? []).map((change) => `  ${lineOf(change)}`),
  ]);
}

function lineOf(change: SettingChange): string {
  const { path, before, after, from } = change;
  const place = from === undefined ? "" : `${from.file}:${from.line}`;
  const because = [from?.layer === "release" || from?.layer === "package" ? `by default, ${place}` : place]
    .filter((text) => text !== "")
    .map((text) => escapeText(text));
  const byDefault = change.default === undefined ? [] : [sayDefault(change.default)];
  const isKept =
    before !== undefined && after !== undefined && canonicalText(before) === canonicalText(after);
  const said = isKept ? `stays ${show(after)}` : `${show(before)} → ${show(after)}`;
  const why = [...because, ...byDefault].join("; ");
  return `${isKept ? "=" : "~"} ${escapeText(path)}  ${said}${why === "" ? "" : ` (${why})`}`;
}

function sayDefault({ before, after }: { before?: Json; after?: Json }): string {
  return `its default was ${show(before)}, and is ${show(after)} now`;
}

function show(value: Json | undefined): string {
  if (value === undefined) return "none";
  const text = canonicalText(value);
  return escapeText(text.length > longestValue ? `${text.slice(0, longestValue)}…` : text);
}
