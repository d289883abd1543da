import {
  type BlockedChange,
  type DesiredInstance,
  type ObservedContainer,
  dataToken,
  resourceIds,
} from "@keelson/model";

import type { AdoptionContext } from "./adopted-container.ts";
import { bindsOf, filesByPath, placesOf } from "./adopted-place.ts";

type MountContext = Pick<AdoptionContext, "observed" | "allow"> & { instance: DesiredInstance };

/** What a container has at a path, and what its service is to have there. */
interface OtherMount {
  path: string;
  has: string;
  wants: string;
  /** The folder in which its data folders would be where the container has them; null where none says. */
  dataFolder: string | null;
}

/**
 * A container with its data elsewhere than desired would be made anew without it, so that is never done by adopting.
 * What the engine keeps for the container alone goes on with it.
 */
export function findMountObstacle(container: ObservedContainer, context: MountContext): BlockedChange[] {
  const { instance } = context;
  const files = filesByPath(instance, container.service);
  const others = (container.differs ?? [])
    .flatMap((field) => /^volumes\.(\/.*)$/.exec(field)?.[1] ?? [])
    .filter((path) => !files.has(path))
    .map((path) => compareAt(path, { container, ...context }));
  if (others.length === 0) return [];
  const where = others
    .map(({ path, has, wants }) =>
      has === wants
        ? `${path} (from ${has}, with other options)`
        : `${path} (it has that from ${has}, and would have it from ${wants})`,
    )
    .join(", ");
  const folders = [...new Set(others.map(({ dataFolder }) => dataFolder))];
  const [folder = null] = folders;
  const way =
    folder === null || folders.length > 1
      ? "Let the Compose file say what the container has, name its folder under dataFolders in agent.yaml"
      : `Write its folder into agent.yaml: dataFolders: { ${instance.name}: ${folder} }`;
  return [
    {
      resource: resourceIds.service(container.project, container.service),
      code: "K3086",
      message: `container ${container.name} has other mounts than instance ${instance.name} is to have: ${where}`,
      hint: `Nothing is taken over, since its data would be lost sight of. ${way}, or leave \`adopt\` out.`,
      outcome: "stalled",
    },
  ];
}

function compareAt(
  path: string,
  { container, instance, observed, allow }: MountContext & { container: ObservedContainer },
): OtherMount {
  const told = observed.adoptable?.find(({ id }) => id === container.id);
  const bind = bindsOf(told?.inspected)[path];
  const has = bind ?? placeOf(container, path);
  const { volumes = [] } = instance.compose.services[container.service] ?? {};
  const wanted = volumes.find(({ target }) => target === path);
  const source = typeof wanted?.source === "string" ? wanted.source : null;
  if (source === null)
    return { path, has, wants: wanted === undefined ? "nothing" : "memory", dataFolder: null };
  const volume = instance.compose.volumes[source];
  if (wanted?.type === "volume") {
    const name = volume?.["name"];
    return { path, has, wants: `volume ${typeof name === "string" ? name : source}`, dataFolder: null };
  }
  const wants = placesOf(instance, { observed, allow })(source);
  return { path, has, wants, dataFolder: bind === undefined ? null : folderAbove(bind, source) };
}

/** The folder in which a data folder of an instance is where a container binds it. */
function folderAbove(bind: string, source: string): string | null {
  if (source === dataToken) return bind;
  if (!source.startsWith(`${dataToken}/`)) return null;
  const inside = source.slice(dataToken.length);
  return bind.endsWith(inside) ? bind.slice(0, -inside.length) || "/" : null;
}

function placeOf({ places = [] }: ObservedContainer, path: string): string {
  const place = places.find((each) => each.path === path);
  if (place === undefined) return "nothing";
  return place.kind === "volume" ? `volume ${place.volume}` : place.kind;
}
