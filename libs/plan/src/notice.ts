import {
  type Notice,
  type ObservedContainer,
  type ObservedNode,
  compareText,
  resourceIds,
} from "@keelson/model";

import { findLetGo } from "./anonymous-volume.ts";
import { findAbandoned, findUses, projectOfAbandoned } from "./file-collection.ts";
import type { InstanceChange } from "./service-change.ts";
import { isRenewed } from "./renewed.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import type { VolumeLoss } from "./volume-loss.ts";
import {
  findKnownVolumes,
  findUnnamedLosses,
  findVolumeUse,
  splitUser,
  usersInEngine,
} from "./volume-use.ts";

/**
 * Things seen that are never touched: another's containers in our projects, copies of our labels, and what others bind of
 * an instance that is gone.
 */
export function findNotices({
  desired,
  observed,
  record,
}: Pick<SimulatedNode, "desired" | "observed" | "record">): Notice[] {
  const others = observed.containers.filter(({ ownership }) => ownership !== "ours");
  return [
    ...others.map((each) => ({ resource: resourceIds.container(each.name), ...noticeOf(each) })),
    ...findAbandoned(desired, observed).flatMap((stored): Notice[] => {
      const [path] = findUses(stored, { staying: others, observed });
      if (path === undefined) return [];
      const message = `instance ${stored.instance} is no longer desired, and its files stay, with any secrets in them: a container that is not Keelson's binds ${path}`;
      const project = projectOfAbandoned(stored, { desired, observed, record });
      return [{ resource: resourceIds.files(project, ""), code: "K5008", message }];
    }),
  ].sort((a, b) => compareText(a.resource, b.resource));
}

/** Volumes whose last users this plan takes away or makes anew: they stay, and nobody would see them any more. */
export function findStayingVolumes(
  node: SimulatedNode,
  { undesired, changes }: { undesired: readonly ObservedContainer[]; changes: readonly InstanceChange[] },
): Notice[] {
  const uses = findVolumeUse(node.desired);
  const replaced = changes
    .flatMap(({ services }) => [...services.values()])
    .filter(({ action }) => action === "recreate")
    .flatMap(({ containers }) => containers.kept);
  const going = new Set([...undesired, ...replaced]);
  const containers = node.observed.containers.filter((each) => !going.has(each));
  const rest = { ...node.observed, containers };
  const own = new Set(
    node.observed.volumes.flatMap((each) => (each.ownership === "ours" ? [each.name] : [])),
  );
  return findKnownVolumes(node)
    .filter(([name]) => own.has(name))
    .filter(([name]) => !uses.has(name) && usersInEngine(name, rest).length === 0)
    .filter(([name]) => [...going].some(({ volumes }) => volumes.includes(name)))
    .map(([name, { users }]) => ({
      resource: resourceIds.volume(name),
      code: "K1436",
      message: `volume ${name} stays${users.length === 0 ? "" : `, with the data of ${users.join(", ")},`} although nothing uses it any more; keelson audit --orphans tells how to remove it`,
    }));
}

/**
 * Lost volumes that no service is to have any more, of instances whose counter gives them up. Those of other instances are missed
 * when they come back.
 */
export function findMissedVolumes(node: SimulatedNode, { guarded }: VolumeLoss): Notice[] {
  const { environment, node: nodeName, instances } = node.desired;
  const known = new Map(instances.map((instance) => [instance.name, instance]));
  return findUnnamedLosses(node).flatMap(([name, { users }]) => {
    const [instance] = users.flatMap((user) => known.get(splitUser(user).instance) ?? []);
    if (instance === undefined || guarded.has(name) || isRenewed(instance, node.record)) return [];
    const message = `volume ${name}, with the data of ${users.join(", ")}, is gone, and no revision names it any more; it is missed until somebody gives it up: keelson renew ${instance.name} --environment ${environment} --node ${nodeName}`;
    return [{ resource: resourceIds.volume(name), code: "K3045", message }];
  });
}

/**
 * Anonymous volumes of containers that this plan removes, or makes anew with something else in their place, and that no other one
 * has: nothing would name them any more.
 */
export function findAnonymousVolumes(
  observed: ObservedNode,
  { leaving, changes }: { leaving: ReadonlySet<ObservedContainer>; changes: readonly InstanceChange[] },
): Notice[] {
  const going = new Map([
    ...findLetGo(changes, observed),
    ...[...leaving].map((each): [ObservedContainer, string[]] => [each, each.anonymousVolumes ?? []]),
  ]);
  const staying = new Set(
    observed.containers
      .filter((each) => !leaving.has(each))
      .flatMap((each) =>
        (each.anonymousVolumes ?? []).filter((volume) => going.get(each)?.includes(volume) !== true),
      ),
  );
  return [...going]
    .map(([{ name }, volumes]) => ({ name, left: volumes.filter((volume) => !staying.has(volume)) }))
    .filter(({ left }) => left.length > 0)
    .map(({ name, left }) => ({
      resource: resourceIds.container(name),
      code: "K3047",
      message: `container ${name} goes, and what it wrote into its anonymous volume${left.length === 1 ? "" : "s"} stays, where nothing names it any more; if nobody needs it: docker volume rm ${left.join(" ")}`,
    }))
    .sort((a, b) => compareText(a.resource, b.resource));
}

function noticeOf({ name, ownership, project }: ObservedContainer): Pick<Notice, "code" | "message"> {
  if (ownership === "forged") {
    return {
      code: "K3022",
      message: `container ${name} carries labels of Keelson that this node did not give it; it is left alone`,
    };
  }
  if (ownership === "unproven") {
    return {
      code: "K3025",
      message: `nothing that is left shows that this node made container ${name}; it is left alone`,
    };
  }
  const place = project === "" ? "is not" : `is in the project ${project} and not`;
  return { code: "K3020", message: `container ${name} ${place} Keelson's; it is left alone` };
}
