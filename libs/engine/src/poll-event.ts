import { unreadable } from "./poll-error.ts";
import { recordOf, textOf } from "./json-reader.ts";
import { concerns, projectLabel, serviceLabel } from "./poll-interest.ts";

/** Something happened. Only a list shows what is the case now. */
export interface PolledEvent {
  kind: "container" | "network" | "volume";
  /** `die`, `health_status`, … */
  action: string;
  /** Of the container, network or volume (there its name). */
  id: string;
  name: string;
  /** `<project>/<service>` of a container, by Compose's labels; empty where it has none. */
  service: string;
  /** Of a network: the container that has left it. */
  containerId: string | null;
}

/** Not all: a health check is an exec with events of its own, many times a minute. */
const actions = ["health_status", "die", "start", "stop", "pause", "destroy", "oom", "rename", "disconnect"];

/**
 * From now on by this machine's clock, so that nothing is missed while the connection opens. Events of networks and
 * volumes carry no labels, whatever those have (engines 20.10 to 29): a filter by label would leave them out.
 */
export function eventsPath(nowMs: number): string {
  const filters = JSON.stringify({ type: ["container", "network", "volume"], event: actions });
  return `/events?since=${(nowMs / 1_000).toFixed(3)}&filters=${encodeURIComponent(filters)}`;
}

/**
 * A line of the stream as an event of the environment, or null when it is none of its: containers as in a list, networks
 * and volumes by the name that a Compose project of it gives (`<environment>-<instance>_<name>`). Throws K3009.
 */
export function parseEvent(line: string, environment: string): PolledEvent | null {
  const { Type: kind, Action: action, Actor: actor } = readLine(line);
  const { ID: id, Attributes: attributes } = recordOf(actor);
  if (kind !== "container" && kind !== "network" && kind !== "volume") return null;
  const all = recordOf(attributes);
  const name = kind === "volume" ? textOf(id) : textOf(all["name"]);
  const isOfEnvironment =
    kind === "container"
      ? [name, textOf(all["oldName"]).slice(1)].some((each) =>
          concerns({ name: each, labels: all }, environment),
        )
      : name.startsWith(`${environment}-`);
  if (!isOfEnvironment) return null;
  const containerId = kind === "network" ? textOf(all["container"]) || null : null;
  // An action can carry a result: `health_status: healthy`.
  const [project, service] = [projectLabel, serviceLabel].map((label) => textOf(all[label]));
  return {
    kind,
    action: textOf(action).split(":")[0] ?? "",
    id: textOf(id),
    name,
    service: service === "" ? "" : `${project}/${service}`,
    containerId,
  };
}

function readLine(line: string): Record<string, unknown> {
  try {
    return recordOf(JSON.parse(line));
  } catch (error) {
    throw unreadable("tell its events", error);
  }
}
