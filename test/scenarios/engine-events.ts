import type Docker from "dockerode";
import { uniqueName, waitFor } from "../support/index.ts";

export interface EventWatch extends Disposable {
  /** `start web/app`, `die web/app`, `destroy web/app`, …: what happened to containers of the environment, in order. */
  list(actions: readonly string[], since?: Date): Promise<string[]>;
}

/**
 * Listens from now on. The engine remembers the last 256 events only, of all who use it, so what is asked for afterwards
 * may be gone.
 */
export async function watchEvents(docker: Docker, environment: string): Promise<EventWatch> {
  const stream = await docker.getEvents({ filters: { type: ["container", "volume"] } });
  let text = "";
  stream.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
  const seen = () =>
    text
      .split("\n")
      .slice(0, -1)
      .filter((line) => line.trim() !== "")
      .map((line): EngineEvent => JSON.parse(line));
  return {
    list: async (actions, since = new Date(0)) => {
      await awaitMarker(docker, seen);
      return seen()
        .filter(({ Type, Action, Actor, timeNano }) => {
          const isOurs = Actor.Attributes["io.keelson.environment"] === environment;
          const isLater = timeNano / 1e6 >= since.getTime();
          return Type === "container" && isOurs && isLater && actions.includes(Action);
        })
        .map(describeEvent);
    },
    [Symbol.dispose]: () => {
      if ("destroy" in stream && typeof stream.destroy === "function") stream.destroy();
    },
  };
}

/** Events come in their order: once one that was made now is here, so is all before it. */
async function awaitMarker(docker: Docker, seen: () => EngineEvent[]): Promise<void> {
  const name = uniqueName("marker");
  await docker.createVolume({ Name: name });
  await docker.getVolume(name).remove();
  await waitFor(() => seen().some(({ Type, Actor }) => Type === "volume" && Actor.ID === name), {
    what: "the event of the marker",
  });
}

interface EngineEvent {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly timeNano: number;
}

function describeEvent({ Action, Actor }: EngineEvent): string {
  const { Attributes } = Actor;
  return `${Action} ${Attributes["io.keelson.instance"]}/${Attributes["com.docker.compose.service"]}`;
}
