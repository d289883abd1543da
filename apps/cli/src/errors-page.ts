import { readFileSync } from "node:fs";

/** The text of docs/errors.md. A bundle holds it in place of this file, because there is no checkout around it. */
export function readErrorsPage(): string {
  return readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8");
}
