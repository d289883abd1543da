import { type StatusError, redact } from "@keelson/model";

import { withWayBack } from "./health-error.ts";
import { quotedInLine } from "./said-text.ts";
import type { StatusInput } from "./status-input.ts";

type Unsince<T> = Omit<T, "since">;
type Context = Pick<StatusInput, "last" | "hideValues" | "desired" | "applied">;

/** K3037 for each service that ends again and again, but for those of which an operation has just failed. */
export function describeAllRestless(
  input: Pick<StatusInput, "restless" | keyof Context>,
  failing: ReadonlySet<string>,
): Unsince<StatusError>[] {
  return input.restless
    .filter(({ resource }) => !failing.has(resource))
    .map((each) => describeRestless(each, input));
}

/** What waits for its next start is told with its last output. */
export function withoutRests(
  blocked: readonly Unsince<StatusError>[],
  restless: ReadonlySet<string>,
): Unsince<StatusError>[] {
  return blocked.filter(({ code, resource }) => code !== "K3037" || !restless.has(resource));
}

/**
 * While the service runs, how it ended is known from the status before: what is in its log by now can be of this run. A round can
 * only look on then.
 */
function describeRestless(
  { resource, instance, service, end, wasDown, settlesInMs }: StatusInput["restless"][number],
  { last, hideValues, ...state }: Context,
): Unsince<StatusError> {
  const told = last?.errors.find((each) => each.code === "K3037" && each.resource === resource);
  const name = resource.slice(resource.indexOf(":") + 1);
  const ending =
    end === null
      ? ""
      : `, last with exit code ${end.exitCode}${quotedInLine(hideValues(redact(end.output)))}`;
  return {
    code: "K3037",
    resource,
    message: !wasDown && told !== undefined ? told.message : `${name} ends again and again${ending}`,
    hint: withWayBack(`See why: keelson logs ${instance} ${service}.`, state),
    outcome: settlesInMs === null ? "transient" : "waiting",
  };
}
