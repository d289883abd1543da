import type { OperationOf } from "@keelson/model";

import type { EngineContext } from "./context.ts";
import type { RegistryLogin } from "./docker-config.ts";
import { quoted } from "./excerpt.ts";
import { observeImage } from "./observed-image.ts";
import { type PullLine, createPullProgress, readPullLines } from "./pull-progress.ts";
import { askRegistry } from "./registry-ask.ts";
import { noAnswer, notFound, translateRefusal, translateText } from "./registry-refusal.ts";
import { EngineError, askEngine } from "./request.ts";

/**
 * Pulls an image by tag or digest, with the node's login to its registry; progress in bytes. Throws K3002 when there is no
 * such image or the registry does not give it to us, K3003 when the registry does not answer, and K3034 or K3035 when the
 * registry wants a login that cannot be had.
 */
export async function pullImage(context: EngineContext, operation: OperationOf<"pull-image">): Promise<void> {
  const { engine, signal, logins } = context;
  const reference = operation.image;
  await askRegistry({ logins, reference, signal }, async (login) => pull(context, { reference, login }));
  if ((await observeImage(engine, { reference, signal })) === null) {
    throw notFound(reference, new Error("the engine says that it pulled the image, and does not have it"));
  }
}

async function pull(
  context: EngineContext,
  { reference, login }: { reference: string; login: RegistryLogin | null },
): Promise<void> {
  const { engine, signal } = context;
  const progress = createPullProgress((done, total) =>
    context.emitProgress(`pulling ${reference}`, done, total),
  );
  let failure: string | undefined;
  try {
    await askEngine(engine, {
      what: `pull image ${reference}`,
      signal,
      timeoutMs: context.pullTimeoutMs,
      describeTimeout: (cause) => noAnswer(reference, cause),
      send: async (abortSignal) => {
        const authconfig = login === null ? {} : { authconfig: login };
        const stream = await engine.docker.pull(reference, { abortSignal, ...authconfig });
        for await (const line of readPullLines(stream)) {
          failure = failureOf(line) ?? failure;
          progress.add(line);
        }
      },
    });
  } catch (error) {
    throw error instanceof EngineError ? translateRefusal(error, reference) : error;
  }
  // Once the answer has begun, the engine can only show a failure in its lines, without a status.
  if (failure !== undefined) throw translateText(failure, { reference, cause: quoted(failure) });
}

function failureOf(line: PullLine): string | undefined {
  return line.errorDetail?.message ?? line.error;
}
