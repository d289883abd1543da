import { KeelsonError, type OperationOf, stalled, transient } from "@keelson/model";

import type { EngineContext } from "./context.ts";
import { quoted } from "./excerpt.ts";
import { observeImage } from "./observed-image.ts";
import { type PullLine, createPullProgress, readPullLines } from "./pull-progress.ts";
import { EngineError, askEngine } from "./request.ts";

/**
 * Pulls an image by tag or digest; progress in bytes. Throws K3002 when there is no such image or the registry does
 * not give it to us, K3003 when the registry does not answer.
 */
export async function pullImage(context: EngineContext, operation: OperationOf<"pull-image">): Promise<void> {
  const { engine, signal } = context;
  const reference = operation.image;
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
        const stream = await engine.docker.pull(reference, { abortSignal });
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
  if ((await observeImage(engine, { reference, signal })) === null) {
    throw notFound(reference, new Error("the engine says that it pulled the image, and does not have it"));
  }
}

function failureOf(line: PullLine): string | undefined {
  return line.errorDetail?.message ?? line.error;
}

function translateRefusal(error: EngineError, reference: string): KeelsonError {
  if (error.code !== "K3009") return error;
  if ([400, 401, 403, 404].includes(error.statusCode ?? 0)) return notFound(reference, error.cause);
  return translateText(error.engineText, { reference, cause: error });
}

/**
 * The engine passes a registry's refusal and a broken connection on with the same status 500, and only the text
 * distinguishes them. An unknown text counts as a broken connection, which is tried again.
 */
function translateText(
  text: string,
  { reference, cause }: { reference: string; cause: unknown },
): KeelsonError {
  if (/unauthorized|denied|no basic auth|manifest unknown|no matching manifest|not found/i.test(text)) {
    return notFound(reference, cause);
  }
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

function noAnswer(reference: string, cause: unknown): KeelsonError {
  return new KeelsonError({
    code: "K3003",
    message: `the registry of image ${reference} does not answer, or not in time`,
    hint: "Check the registry's address and the network; the next round tries again.",
    outcome: transient,
    cause,
  });
}

function notFound(reference: string, cause: unknown): KeelsonError {
  return new KeelsonError({
    code: "K3002",
    message: `there is no image ${reference}, or its registry does not give it to this node`,
    hint: "Check the name and the version, and that the engine may pull from the registry.",
    outcome: stalled,
    cause,
  });
}
