import { KeelsonError, stalled, transient } from "@keelson/model";

// What a registry that is asked without an engine does wrong. Its own words are not passed on: they may repeat a login.

/** K3003, for a person who waits for the answer. */
export function isAway(reference: string, cause: unknown): KeelsonError {
  return new KeelsonError({
    code: "K3003",
    message: `the registry of image ${reference} does not answer, or not in time`,
    hint: "Check the registry's address and the network, and run the command again.",
    outcome: transient,
    cause,
  });
}

export function isMissing(reference: string): KeelsonError {
  return new KeelsonError({
    code: "K3002",
    message: `there is no image ${reference}`,
    hint: "Check the name and the tag, and push the image first.",
    outcome: stalled,
  });
}

/** K3071. `what` follows the name of the image. */
export function isNonsense(reference: string, what: string): KeelsonError {
  return new KeelsonError({
    code: "K3071",
    message: `what the registry of image ${reference} answers cannot be used: ${what}`,
    hint: "Push the image anew, or ask whoever keeps the registry. A proxy on the way may have changed the answer.",
    outcome: stalled,
  });
}
