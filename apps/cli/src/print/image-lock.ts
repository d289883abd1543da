import type { ImageChange, MadeImageLock } from "@keelson/node";
import { createLogUpdate } from "log-update";

import type { Output } from "../output.ts";
import { count } from "./problems.ts";

/** Shows on a terminal how many images have an answer of their registry. */
export function showAsking(output: Output): { show: (done: number, total: number) => void; end: () => void } {
  const log = output.isLive ? createLogUpdate(process.stderr, { showCursor: true }) : null;
  return {
    show: (done, total) => log?.(`  … asking registries: ${done} of ${count(total, "image")}`),
    end: () => log?.clear(),
  };
}

/** Prints the images of each lock, what changed of it, and what to do with it. */
export function printImageLocks(output: Output, locks: readonly MadeImageLock[]): void {
  if (locks.length === 0) {
    output.print("No release is to be published, and no local package has a lock of images.");
    output.print("Name what to lock: keelson release lock NAME@VERSION, or keelson release lock ./DIR");
    return;
  }
  for (const { owner, file, isChanged, images } of locks) {
    const state = isChanged
      ? "written"
      : images.length === 0
        ? `${owner} has no image with a tag`
        : "up to date";
    output.print(`${file}: ${state}`);
    const rows = images.map(rowOf);
    const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => (row[column] ?? "").length)));
    for (const row of rows)
      output.print(`  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd());
  }
  const changed = locks.filter(({ isChanged }) => isChanged);
  if (changed.length === 0) return;
  output.print(`\n${count(changed.length, "lock")} written. Review what changed, and commit it.`);
  const environments = [...new Set(changed.flatMap(({ lockedBy }) => lockedBy))];
  for (const environment of environments)
    output.print(
      `environments/${environment}/lock.yaml has the digest of before: keelson lock -e ${environment} writes it anew.`,
    );
}

/** A mark, the reference, what it names, and its platforms. */
function rowOf({ reference, before, after }: ImageChange): string[] {
  if (after === null) return ["-", reference, short(before), "no service has it"];
  const platforms = Object.keys(after.platforms).join(", ");
  if (before === null) return ["+", reference, short(after), platforms];
  if (before.digest === after.digest) return ["=", reference, short(after), platforms];
  return ["~", reference, `${short(before)} → ${short(after)}`, platforms];
}

/** `sha256:` and twelve digits. */
function short(image: ImageChange["after"]): string {
  return image?.digest.slice(0, 19) ?? "";
}
