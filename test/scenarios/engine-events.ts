import type Docker from "dockerode";

/** `start web/app`, `die web/app`, `destroy web/app`, …: what happened to containers of an environment, in order. */
export async function listEvents(
  docker: Docker,
  { environment, since, actions }: { environment: string; since: Date; actions: readonly string[] },
): Promise<string[]> {
  const stream = await docker.getEvents({
    since: since.getTime() / 1000,
    until: Date.now() / 1000,
    filters: { type: ["container"], event: [...actions], label: [`io.keelson.environment=${environment}`] },
  });
  let text = "";
  for await (const chunk of stream) text += chunk.toString();
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => describeEvent(JSON.parse(line)));
}

interface EngineEvent {
  readonly Action: string;
  readonly Actor: { readonly Attributes: Readonly<Record<string, string>> };
}

function describeEvent({ Action, Actor }: EngineEvent): string {
  const { Attributes } = Actor;
  return `${Action} ${Attributes["io.keelson.instance"]}/${Attributes["com.docker.compose.service"]}`;
}
