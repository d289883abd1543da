import type { Operation } from "@keelson/model";

import type { StatusInput } from "./status-input.ts";

const shownThings = 5;

/** What else was not done because an operation failed, as the end of a sentence; empty where nothing else waited for it. */
export function describeSkipped({ id }: Operation, results: StatusInput["results"]): string {
  const skipped = results.filter(({ failedId = null }) => failedId === id);
  const names = [...new Set(skipped.flatMap(({ operation }) => namesOf(operation)))].sort();
  if (names.length === 0) return "";
  const rest = names.length > shownThings ? [`${names.length - shownThings} more`] : [];
  return `; not done because of that: ${[...names.slice(0, shownThings), ...rest].join(", ")}`;
}

/** What a person knows it by: its services, or else what it is about. */
function namesOf(operation: Operation): string[] {
  if (operation.kind === "create-containers")
    return operation.services.map((service) => `${operation.project}/${service}`);
  const [kind = "", name = ""] = operation.resource.split(/:(.*)/s);
  return [kind === "service" ? name : `${kind} ${name}`];
}
