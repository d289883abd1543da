import type { Engine } from "./engine.ts";
import { recordOf, textOf } from "./json-reader.ts";
import { askEngine, unreadable } from "./request.ts";

/** The engine walks through every file of every volume for it. */
const timeoutMs = 10 * 60_000;

/**
 * How many bytes each volume takes, by name; null where the engine does not tell, as for volumes of other drivers. Throws
 * K3001 and K3009.
 */
export async function measureVolumes(
  engine: Engine,
  { signal }: { signal?: AbortSignal },
): Promise<Map<string, number | null>> {
  const what = "measure volumes";
  const answer = recordOf(
    await askEngine(engine, {
      what,
      signal,
      timeoutMs,
      send: (): Promise<unknown> => engine.docker.df(),
    }),
  );
  const volumes = answer["Volumes"] ?? [];
  if (!Array.isArray(volumes)) throw unreadable(what);
  return new Map(
    volumes.map((volume: unknown) => {
      const { Name: name, UsageData: usage } = recordOf(volume);
      const size = recordOf(usage)["Size"];
      // Docker says -1 for what it has not measured.
      return [textOf(name), typeof size === "number" && size >= 0 ? size : null];
    }),
  );
}
