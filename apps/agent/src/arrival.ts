import type { EnginePoll } from "@keelson/engine/poll";
import type { Awaited } from "@keelson/model";

/** What of it has arrived, each as a trigger. None where the engine does not answer: the list of containers tells that. */
export async function findArrivals(engine: EnginePoll, awaits: readonly Awaited[]): Promise<string[]> {
  try {
    return (await engine.findArrived(awaits)).map(describeArrival);
  } catch {
    return [];
  }
}

function describeArrival(awaited: Awaited): string {
  if (awaited.kind === "port") return `port ${awaited.port}/${awaited.protocol} is free`;
  if (awaited.kind === "image") return `image ${awaited.image} is there`;
  if (awaited.kind === "member") return `container ${awaited.container} has left network ${awaited.network}`;
  return `${awaited.kind} ${awaited.name} is gone`;
}
