import { basename, dirname } from "node:path";

import { KeelsonError, stalled, transient } from "@keelson/model";

import { quoted } from "./excerpt.ts";
import type { RegistryKey } from "./registry-key.ts";
import { type FoundLogin, originOf } from "./registry-logins.ts";
import type { EngineError } from "./request.ts";

/** A registry does not give an image to who asks as now. Never leaves this room: `refused` makes an error of it. */
export class RegistryRefusal extends Error {}

/** What the engine's answer says of a registry: a refusal, K3002 or K3003; itself when it is about the engine. */
export function translateRefusal(error: EngineError, reference: string): Error {
  if (error.code !== "K3009") return error;
  const { statusCode, engineText, cause } = error;
  if (statusCode === 401 || statusCode === 403) return new RegistryRefusal("refused", { cause });
  // What the engine was asked is in the message: only what it said goes on as the cause.
  return translateText(engineText, {
    reference,
    cause,
    isMissing: statusCode === 400 || statusCode === 404,
  });
}

/**
 * The engine passes a registry's refusal and a broken connection on with the same status 500, and only the text
 * distinguishes them. An unknown text counts as a broken connection, which is tried again.
 */
export function translateText(
  text: string,
  { reference, cause, isMissing = false }: { reference: string; cause: unknown; isMissing?: boolean },
): Error {
  if (
    /unauthorized|denied|no basic auth|forbidden|authentication required|authorization failed/i.test(text)
  ) {
    return new RegistryRefusal("refused", { cause: quoted(text) });
  }
  if (isMissing || /manifest unknown|no matching manifest|not found/i.test(text))
    return notFound(reference, cause);
  if (/no space left on device/i.test(text)) {
    return new KeelsonError({
      code: "K3009",
      message: `the engine has no room for image ${reference}`,
      hint: "Free space on the disk of the engine, for example with docker image prune.",
      outcome: transient,
      cause,
    });
  }
  return noAnswer(reference, cause);
}

export function noAnswer(reference: string, cause: unknown): KeelsonError {
  return new KeelsonError({
    code: "K3003",
    message: `the registry of image ${reference} does not answer, or not in time`,
    hint: "Check the registry's address and the network; the next round tries again.",
    outcome: transient,
    cause,
  });
}

export function notFound(reference: string, cause: unknown): KeelsonError {
  return new KeelsonError({
    code: "K3002",
    message: `there is no image ${reference}, or its registry does not give it to this node`,
    hint: "Check the name and the version, and that the engine may pull from the registry.",
    outcome: stalled,
    cause,
  });
}

/** Says as whom the node asked. Registries answer alike for an image that they do not have and one that they do not give. */
export function refused(
  reference: string,
  {
    registry,
    found,
    refusal,
    asker,
  }: { registry: RegistryKey; found: FoundLogin; refusal: RegistryRefusal; asker: string },
): KeelsonError {
  const { host } = registry;
  const { fault, login, helper } = found;
  const refuses = `${host} does not give image ${reference} to ${asker}`;
  if (fault !== null) {
    return new KeelsonError({
      code: fault.code,
      message: `${refuses} without a login: ${fault.message}`,
      ...(fault.hint === undefined ? {} : { hint: fault.hint }),
      outcome: fault.outcome,
      cause: fault.cause ?? refusal.cause,
    });
  }
  const origin = originOf(found);
  return new KeelsonError({
    code: "K3002",
    message:
      login === null
        ? `${refuses}: ${origin} has no login for it`
        : `${refuses} with the login from ${origin}`,
    hint: `${howToLogIn(host, found)} Check the name and the version too: many registries answer like this when they have no such image.`,
    // A program may have another login at any time, and no file that is watched tells.
    outcome: helper === null ? stalled : transient,
    cause: refusal.cause,
  });
}

function howToLogIn(host: string, { configFile, helper }: FoundLogin): string {
  if (helper !== null) return `Let ${helper} have a login for ${host} that may pull this image.`;
  return basename(configFile) === "config.json"
    ? `Run: docker --config ${dirname(configFile)} login ${host}`
    : `Put a login for ${host} that may pull this image into ${configFile}.`;
}
