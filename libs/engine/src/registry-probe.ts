import { KeelsonError } from "@keelson/model";

import type { RegistryLogin } from "./docker-config.ts";
import type { Engine } from "./engine.ts";
import { observeImage } from "./observed-image.ts";
import { askRegistry } from "./registry-ask.ts";
import { registryKeyOf } from "./registry-key.ts";
import { type RegistryLogins, originOf } from "./registry-logins.ts";
import { noAnswer, translateRefusal } from "./registry-refusal.ts";
import { EngineError, askEngine } from "./request.ts";

/** What a registry says to this node. */
export interface RegistryProbe {
  /** `docker.io`, `registry.example:5000` */
  host: string;
  /** The image that it was asked for. */
  image: string;
  /** The engine has that image, so that nothing is pulled now. */
  isPresent: boolean;
  /** Where the login is from that was taken; null: it was asked without one. */
  login: string | null;
  /** Why it gives nothing (K3002, K3003, K3014, K3034, K3035, K4016), or why a login cannot be had that it did not want; null: fine. */
  fault: KeelsonError | null;
  isGiven: boolean;
}

interface ProbeInput {
  images: readonly string[];
  logins: RegistryLogins;
  /** End of the answer of one registry. */
  timeoutMs: number;
  signal: AbortSignal;
}

/**
 * Asks each registry of the images for one of them, by the engine and with the node's login; nothing is pulled. An image that
 * the engine has, and that no registry gave, is left out. Throws K3001 and K3009.
 */
export async function probeRegistries(engine: Engine, input: ProbeInput): Promise<RegistryProbe[]> {
  const images = [...new Set(input.images)].toSorted();
  const observed = await Promise.all(
    images.map(async (image) => ({
      image,
      found: await observeImage(engine, { reference: image, signal: input.signal }),
    })),
  );
  const chosen = new Map<string, { image: string; isPresent: boolean }>();
  // Those that have to be pulled first.
  for (const { image, found } of observed.toSorted(
    (a, b) => Number(a.found !== null) - Number(b.found !== null),
  )) {
    const isPresent = found !== null;
    const { host } = registryKeyOf(image);
    if (isPresent && !isPulled(image, found.digests)) continue;
    if (!chosen.has(host)) chosen.set(host, { image, isPresent });
  }
  return await Promise.all(
    [...chosen].map(async ([host, { image, isPresent }]) => ({
      host,
      image,
      isPresent,
      ...(await probe(engine, { ...input, image })),
    })),
  );
}

/** An engine knows digests of what registries gave, by the name that they gave it for. */
function isPulled(reference: string, digests: readonly string[]): boolean {
  const named = reference.split("@", 1)[0] ?? "";
  const repository = named.replace(/:[^/:]*$/, "").replace(/^(?:index\.)?docker\.io\/(?:library\/)?/, "");
  return digests.some((digest) => digest.startsWith(`${repository}@`));
}

async function probe(
  engine: Engine,
  { image: reference, logins, timeoutMs, signal }: ProbeInput & { image: string },
): Promise<Pick<RegistryProbe, "login" | "fault" | "isGiven">> {
  try {
    const found = await askRegistry({ logins, reference, signal }, async (login) =>
      askForManifest(engine, { reference, login, timeoutMs, signal }),
    );
    return { login: found.login === null ? null : originOf(found), fault: found.fault, isGiven: true };
  } catch (error) {
    if (!(error instanceof KeelsonError)) throw error;
    return { login: null, fault: error, isGiven: false };
  }
}

async function askForManifest(
  engine: Engine,
  asked: { reference: string; login: RegistryLogin | null; timeoutMs: number; signal: AbortSignal },
): Promise<void> {
  const { reference, login, timeoutMs, signal } = asked;
  try {
    await askEngine(engine, {
      what: `ask the registry for image ${reference}`,
      signal,
      timeoutMs,
      describeTimeout: (cause) => noAnswer(reference, cause),
      send: () => engine.docker.getImage(reference).distribution(login === null ? {} : { authconfig: login }),
    });
  } catch (error) {
    throw error instanceof EngineError ? translateRefusal(error, reference) : error;
  }
}
