import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { checkout } from "../support/index.ts";

/** Every error code that the sources name, sorted; tests are left out. */
export function findCodes(): string[] {
  const codes = ["libs", "apps"].flatMap((parent) =>
    readdirSync(join(checkout, parent)).flatMap((room) => codesBelow(join(checkout, parent, room, "src"))),
  );
  return [...new Set(codes)].sort();
}

function codesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .flatMap((name) => readFileSync(join(folder, name), "utf8").match(/\bK\d{4}\b/g) ?? []);
}
