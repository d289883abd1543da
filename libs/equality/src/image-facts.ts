import { type ComposeService, isReservedLabel } from "@keelson/model";

import type { ImageConfig } from "./compared.ts";
import {
  type Facts,
  listOf,
  note,
  noteEach,
  numberOf,
  recordOf,
  textEntries,
  textOf,
  textsOf,
  unordered,
} from "./fact.ts";
import { cleanFolder, exposedPort, signalOf } from "./spelling.ts";
import { desiredHealth, healthOf, noteHealth } from "./health.ts";

/** What a container has from its service, and where that says nothing from its image (moby, `merge` of image and container). */
export function imageFacts(
  facts: Facts,
  { service, image }: { service: ComposeService; image: ImageConfig },
): void {
  const config = recordOf(image);
  const command = service["command"] ?? null;
  const entrypoint = service["entrypoint"] ?? null;
  const hasEntrypoint = listOf(entrypoint).length > 0;
  note(facts, "entrypoint", entrypoint === null ? textsOf(config["Entrypoint"]) : textsOf(entrypoint));
  // With an entrypoint of its own a container has nothing of the image's command.
  const inherited = hasEntrypoint ? [] : textsOf(config["Cmd"]);
  note(facts, "command", listOf(command).length === 0 ? inherited : textsOf(command));
  note(facts, "user", textOf(service["user"]) || textOf(config["User"]));
  note(facts, "working_dir", cleanFolder(textOf(service["working_dir"]) || textOf(config["WorkingDir"])));
  note(facts, "stop_signal", signalOf(textOf(service["stop_signal"]) || textOf(config["StopSignal"])));
  note(facts, "restart", restartOf(service));
  noteEach(
    facts,
    "environment",
    new Map([...pairsOf(config["Env"]), ...textEntries(service["environment"])]),
  );
  noteEach(facts, "labels", labelsOf({ ...recordOf(config["Labels"]), ...service.labels }));
  noteHealth(facts, desiredHealth(service["healthcheck"], healthOf(config["Healthcheck"])));
  const ports = (service.ports ?? []).map(({ target, protocol = "tcp" }) => `${target}/${protocol}`);
  const exposed = textsOf(service["expose"]).map(exposedPort);
  note(
    facts,
    "expose",
    unordered([...Object.keys(recordOf(config["ExposedPorts"])).map(exposedPort), ...ports, ...exposed]),
  );
}

/** `NAME=value` as name and value. */
export function pairsOf(list: unknown): [string, string][] {
  return textsOf(list).map((text) => {
    const at = text.indexOf("=");
    return at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
  });
}

/** Labels but for those by which Compose and Keelson know what is theirs. */
export function labelsOf(labels: unknown): [string, string][] {
  return textEntries(labels).filter(([name]) => !isReservedLabel(name));
}

/** What a container is started again for. */
function restartOf({ restart, deploy }: ComposeService): string {
  const { condition, max_attempts: most } = recordOf(deploy?.restart_policy);
  if (restart !== undefined && restart !== "") return restart === "no" ? "" : restart;
  const count = numberOf(most) > 0 ? `:${numberOf(most)}` : "";
  if (condition === "on-failure") return `on-failure${count}`;
  return condition === "any" ? "always" : "";
}
