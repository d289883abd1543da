import { KeelsonError } from "@keelson/model";
import type { ContainerInspectInfo } from "dockerode";

import type { EngineContext } from "./context.ts";
import { quoted } from "./excerpt.ts";
import { readFrames } from "./output-frame.ts";
import { askEngine } from "./request.ts";

const lines = 10;

/** The last lines of a container's log as the cause of an error, bounded and clean. */
export async function readLogEnd(context: EngineContext, info: ContainerInspectInfo): Promise<Error> {
  const { engine, signal } = context;
  try {
    const log = await askEngine(engine, {
      what: "read the log",
      signal,
      send: (abortSignal) =>
        engine.docker.getContainer(info.Id).logs({ stdout: true, stderr: true, tail: lines, abortSignal }),
    });
    // The client parses an answer that happens to be JSON.
    const bytes = Buffer.isBuffer(log) ? log : Buffer.from(JSON.stringify(log));
    return quoted((info.Config.Tty ? bytes : readFrames(bytes)).toString("utf8"), { lines });
  } catch (error) {
    // The log only explains another failure, which must be told also where the log driver keeps none to read.
    if (error instanceof KeelsonError) return new Error("its log is not readable", { cause: error });
    throw error;
  }
}
