import {
  type BlockedChange,
  type DesiredNode,
  type HeldInstance,
  type ObservedContainer,
  type ObservedNode,
  type RecordState,
  resourceIds,
  ownOf,
} from "@keelson/model";

import { hasRequired } from "./instance-order.ts";

interface HeldNode {
  desired: DesiredNode;
  observed: ObservedNode;
  record: RecordState;
}

/** Whether an entry only says that an instance is held as it is. */
export function isHold({ code }: Pick<BlockedChange, "code">): boolean {
  return code === "K3050" || code === "K3051";
}

/** Names of the instances that stay as they are, and those that they had before. */
export function namesOfHeld({ held, instances }: Pick<DesiredNode, "held" | "instances">): Set<string> {
  const wanted = new Set(instances.map(({ name }) => name));
  const former = held.flatMap(({ was }) => (was === undefined || wanted.has(was) ? [] : [was]));
  return new Set([...held.map(({ name }) => name), ...former]);
}

/**
 * Their Compose projects: what they are to be, what their containers have, and what the record knows. With them the empty one, of
 * the environment's networks: nobody knows which of those they join.
 */
export function projectsOfHeld({ desired, observed, record }: HeldNode): Set<string> {
  const names = namesOfHeld(desired);
  const known = [...names].flatMap((name) => ownOf(record.applied?.services, name) ?? []);
  return new Set([
    ...(names.size === 0 ? [] : [""]),
    ...desired.held.map(({ project }) => project),
    ...observed.containers.filter(({ instance }) => names.has(instance)).map(({ project }) => project),
    ...known.map((service) => service.slice(0, service.indexOf("/"))),
  ]);
}

/** An entry for each instance that stays as it is. Of one that is elsewhere only where something of it is here. */
export function blockHeld(node: HeldNode): BlockedChange[] {
  return node.desired.held
    .filter((held) => !held.isElsewhere || isHere(held, node))
    .map((held) => ({ resource: resourceIds.instance(held.name), ...describeHeld(held) }));
}

function describeHeld({ name, requires, mayPass }: HeldInstance): Omit<BlockedChange, "resource"> {
  const held = `instance ${name} is held as it is`;
  if (requires !== null) {
    const hint = `It follows by itself once ${requires} is applied.`;
    return { code: "K3050", message: `${held}: it requires ${requires}, which is held`, hint };
  }
  const code = "K3051";
  if (mayPass === true) {
    const hint = "What stands in the way is told beside this. The other instances are applied meanwhile.";
    return { code, message: `${held}: what it is to be could not be found out, and is tried again`, hint };
  }
  const hint = "Mend the problems that are told beside this. The other instances are applied meanwhile.";
  return { code, message: `${held}: this commit has problems with it`, hint, outcome: "stalled" };
}

/**
 * What of the containers that are desired no more goes all the same. Not what is held, and no instance that a held one requires, as
 * far as is remembered. While one is held of which this node has nothing, any other may be the same under the name that it had: it
 * stays until that is known.
 */
export function keepFormer(
  undesired: readonly ObservedContainer[],
  node: HeldNode,
): { leaving: ObservedContainer[]; former: Set<string>; blocked: BlockedChange[] } {
  const held = namesOfHeld(node.desired);
  const wanted = new Set(node.desired.instances.map(({ name }) => name));
  const others = undesired.filter(({ instance }) => !held.has(instance));
  const gone = new Set(others.map(({ instance }) => instance).filter((name) => !wanted.has(name)));
  const blocked = [...gone].flatMap((name) => {
    const reason = findReason(name, node);
    if (reason === null) return [];
    const message = `instance ${name} is held as it is: ${reason.message}`;
    return [{ name, resource: resourceIds.instance(name), code: "K3050", message, hint: reason.hint }];
  });
  const former = new Set(blocked.map(({ name }) => name));
  return {
    leaving: others.filter(({ instance }) => !former.has(instance)),
    former,
    blocked: blocked.map(({ name: _ofTheResource, ...entry }) => entry),
  };
}

/** Why an instance that is desired no more stays; null where it does not. */
function findReason(name: string, node: HeldNode): { message: string; hint: string } | null {
  const { held } = node.desired;
  const user = held.find((each) => hasRequired(node.record, { instance: each.name, other: name }));
  if (user !== undefined) {
    const hint = `It is removed once ${user.name} is applied without it.`;
    return { message: `${user.name}, which is held, requires it`, hint };
  }
  const unknown = held.find((each) => !each.isElsewhere && !isKnown(each, node));
  if (unknown === undefined) return null;
  const hint = `It is removed once ${unknown.name} is applied. To keep its data there, write \`was: ${name}\`.`;
  return { message: `${unknown.name}, which is held, may be the same under another name`, hint };
}

function isKnown(held: HeldInstance, node: HeldNode): boolean {
  const names = [held.name, held.was ?? held.name];
  return isHere(held, node) || names.some((name) => ownOf(node.record.applied?.services, name) !== undefined);
}

function isHere({ name, was }: HeldInstance, { observed }: HeldNode): boolean {
  return observed.containers.some(
    ({ ownership, instance }) => ownership === "ours" && (instance === name || instance === was),
  );
}
