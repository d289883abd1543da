import { type Status, type StatusError, redact } from "@keelson/model";

import type { StatusInput } from "./status-input.ts";

type Unsince<T> = Omit<T, "since">;

/** K3037 for each service that Keelson starts again and again, but for those of which an operation has just failed. */
export function describeAllRestless(
  { restless, last }: Pick<StatusInput, "restless" | "last">,
  failing: ReadonlySet<string>,
): Unsince<StatusError>[] {
  return restless
    .filter(({ resource }) => !failing.has(resource))
    .map((each) => describeRestless(each, last));
}

/** What waits for its next start is told with its last output. */
export function withoutRests(
  blocked: readonly Unsince<StatusError>[],
  restless: ReadonlySet<string>,
): Unsince<StatusError>[] {
  return blocked.filter(({ code, resource }) => code !== "K3037" || !restless.has(resource));
}

/** While the service runs, how it ended is known from the status before. */
function describeRestless(
  { resource, instance, service, end }: StatusInput["restless"][number],
  last: Status | null,
): Unsince<StatusError> {
  const told = last?.errors.find((each) => each.code === "K3037" && each.resource === resource);
  const name = resource.slice(resource.indexOf(":") + 1);
  const ending =
    end === null
      ? ""
      : `, last with exit code ${end.exitCode}: ${end.output.split("\n").slice(-shownLines).join("\n")}`;
  return {
    code: "K3037",
    resource,
    message:
      end === null && told !== undefined ? told.message : `${name} ends again and again${redact(ending)}`,
    hint: `See why: keelson logs ${instance} ${service}`,
    outcome: "transient",
  };
}

/** Of the last output; the rest is on the node. */
const shownLines = 5;
