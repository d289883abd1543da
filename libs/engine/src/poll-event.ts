import { unreadable } from "./poll-error.ts";
import { recordOf, textOf } from "./json-reader.ts";
import { type Interest, concerns, projectLabel, serviceLabel } from "./poll-interest.ts";

/** Something happened. Only a list shows what is the case now. */
export interface PolledEvent {
  kind: "container" | "network" | "volume" | "image";
  /** It is of nothing that concerns the environment, and may have freed or brought what the environment needs. */
  isOthers: boolean;
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
const ownActions = [
  "health_status",
  "die",
  "start",
  "stop",
  "pause",
  "destroy",
  "oom",
  "rename",
  "disconnect",
];

/** A build tells a tag, too. */
const imageActions = ["load", "pull", "import", "tag"];

/** Of what does not concern the environment, only these are told: a port, a network or a name is free, or an image is there. */
const othersActions: Record<PolledEvent["kind"], readonly string[]> = {
  container: ["die", "destroy"],
  network: ["destroy"],
  volume: ["destroy"],
  image: imageActions,
};

/**
 * From now on by this machine's clock, so that nothing is missed while the connection opens. Events of networks and
 * volumes carry no labels, whatever those have (engines 20.10 to 29): a filter by label would leave them out.
 */
export function eventsPath(nowMs: number): string {
  const filters = JSON.stringify({
    type: Object.keys(othersActions),
    event: [...ownActions, ...imageActions],
  });
  return `/events?since=${(nowMs / 1_000).toFixed(3)}&filters=${encodeURIComponent(filters)}`;
}

/**
 * A line of the stream as an event, or null when it is neither of the environment nor one of the others that count.
 * Containers are of the environment as in a list, networks and volumes by the name that a Compose project of it gives
 * (`<environment>-<instance>_<name>`). Throws K3009.
 */
export function parseEvent(line: string, interest: Interest): PolledEvent | null {
  const { Type: kind, Action: action, Actor: actor } = readLine(line);
  const { ID: id, Attributes: attributes } = recordOf(actor);
  if (!isKind(kind)) return null;
  const all = recordOf(attributes);
  const name = kind === "volume" ? textOf(id) : textOf(all["name"]);
  const isOfEnvironment =
    kind === "container"
      ? [name, textOf(all["oldName"]).slice(1)].some((each) =>
          concerns({ id: textOf(id), name: each, labels: all }, interest),
        )
      : kind !== "image" && name.startsWith(`${interest.environment}-`);
  // An action can carry a result: `health_status: healthy`.
  const did = textOf(action).split(":")[0] ?? "";
  if (!isOfEnvironment && !othersActions[kind].includes(did)) return null;
  const containerId = kind === "network" ? textOf(all["container"]) || null : null;
  const [project, service] = [projectLabel, serviceLabel].map((label) => textOf(all[label]));
  return {
    kind,
    isOthers: !isOfEnvironment,
    action: did,
    id: textOf(id),
    name,
    service: service === "" ? "" : `${project}/${service}`,
    containerId,
  };
}

function isKind(kind: unknown): kind is PolledEvent["kind"] {
  return typeof kind === "string" && Object.hasOwn(othersActions, kind);
}

function readLine(line: string): Record<string, unknown> {
  try {
    return recordOf(JSON.parse(line));
  } catch (error) {
    throw unreadable("tell its events", error);
  }
}
