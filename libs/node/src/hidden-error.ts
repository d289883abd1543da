import { InvariantError, KeelsonError } from "@keelson/model";

/** As many causes as are printed of an error. */
const maxLinks = 8;

type HideValues = (text: string) => string;

/**
 * Hides secret values in an error and its causes. Returns the error itself when it has none. A coded error keeps its
 * code and outcome. Causes can hold the output of a container, and a container may print its secrets.
 */
export function hideSecrets(error: unknown, hideValues: HideValues): unknown {
  return hideLink(error, { hideValues, links: maxLinks });
}

function hideLink(link: unknown, { hideValues, links }: { hideValues: HideValues; links: number }): unknown {
  if (!(link instanceof Error)) return hideThrown(link, hideValues);
  // Drop deeper causes: they are not printed, and a chain may lead back to itself.
  const cause = links <= 1 ? undefined : hideLink(link.cause, { hideValues, links: links - 1 });
  const message = hideValues(link.message);
  const hint = link instanceof KeelsonError && link.hint !== undefined ? hideValues(link.hint) : undefined;
  const stack = hideValues(link.stack ?? "");
  const isHintKept = !(link instanceof KeelsonError) || hint === link.hint;
  if (message === link.message && cause === link.cause && isHintKept && stack === (link.stack ?? ""))
    return link;
  return Object.assign(sameKind(link, { message, hint, cause }), { name: link.name, stack });
}

function sameKind(
  error: Error,
  { message, hint, cause }: { message: string; hint: string | undefined; cause: unknown },
): Error {
  if (error instanceof KeelsonError) {
    const { code, outcome } = error;
    return new KeelsonError({ code, message, outcome, cause, ...(hint === undefined ? {} : { hint }) });
  }
  if (error instanceof InvariantError) return Object.assign(new InvariantError(message), { cause });
  return new Error(message, cause === undefined ? undefined : { cause });
}

/** A thrown value that is no error is printed as JSON. */
function hideThrown(thrown: unknown, hideValues: HideValues): unknown {
  if (thrown === undefined || thrown === null) return thrown;
  const text = typeof thrown === "string" ? thrown : (JSON.stringify(thrown) ?? "");
  const hidden = hideValues(text);
  return hidden === text ? thrown : hidden;
}
