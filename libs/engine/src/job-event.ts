import type { Readable } from "node:stream";

import type { Engine } from "./engine.ts";
import { recordOf, textOf } from "./json-reader.ts";
import { askEngine } from "./request.ts";

interface ContainerEnd extends AsyncDisposable {
  /** Null while it has not ended, or was never started. */
  exitCode: () => number | null;
}

export async function watchEnd(
  engine: Engine,
  { name, what, signal, onStart }: { name: string; what: string; signal: AbortSignal; onStart: () => void },
): Promise<ContainerEnd> {
  const connection = new AbortController();
  const events: Readable = Object(
    await askEngine(engine, {
      what,
      signal,
      send: async () =>
        engine.docker.getEvents({
          filters: { type: ["container"], container: [name], event: ["start", "die"] },
          abortSignal: connection.signal,
        }),
    }),
  );
  let open = "";
  let code: number | null = null;
  events.on("data", (chunk: Buffer) => {
    const lines = (open + chunk.toString("utf8")).split("\n");
    open = lines.pop() ?? "";
    for (const line of lines.filter((each) => each.trim() !== "")) {
      const { Action: action, Actor: actor } = recordOf(JSON.parse(line));
      if (action === "start") onStart();
      const said = textOf(recordOf(recordOf(actor)["Attributes"])["exitCode"]);
      if (action === "die" && said !== "") code ??= Number(said);
    }
  });
  // What the engine does not tell any more is as if it had not ended: then Compose's own word counts.
  events.on("error", () => {});
  return {
    exitCode: () => code,
    [Symbol.asyncDispose]: async () => {
      connection.abort();
      events.destroy();
      await Promise.resolve();
    },
  };
}
