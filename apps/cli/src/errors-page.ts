import { readFileSync } from "node:fs";

/** The text of docs/errors.md. A bundle has this text built in, because it has no checkout around it. */
export function readErrorsPage(): string {
  return readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8");
}
