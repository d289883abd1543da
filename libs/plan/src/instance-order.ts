import { type DesiredInstance, type DesiredNode, type RecordState, compareText, ownOf } from "@keelson/model";

type Applied = NonNullable<RecordState["applied"]>;

type AppliedFacts = Pick<
  Applied,
  "instanceOrder" | "requires" | "dependsOn" | "services" | "oneShots" | "installed" | "grants"
>;

/** What has to be remembered of a desired state, so that removing it can go the other way. */
export function describeApplied(desired: DesiredNode): AppliedFacts {
  const services = desired.instances.flatMap(({ project, services }) =>
    services.map(
      ({ name, dependsOn }) => [`${project}/${name}`, dependsOn.map(({ service }) => service)] as const,
    ),
  );
  const ordered = orderInstances(desired.instances);
  const requires = [...findProviders(ordered)].map(
    ([name, all]) => [name, [...all].sort(compareText)] as const,
  );
  return {
    instanceOrder: ordered.map(({ name }) => name),
    requires: Object.fromEntries(requires.filter(([, all]) => all.length > 0)),
    dependsOn: Object.fromEntries(services.filter(([, dependsOn]) => dependsOn.length > 0)),
    services: Object.fromEntries(
      desired.instances.map(({ name: instance, project, services: all }) => [
        instance,
        all.filter(({ replicas }) => replicas > 0).map(({ name }) => `${project}/${name}`),
      ]),
    ),
    installed: desired.instances
      .filter(({ state }) => state === "installed")
      .map(({ name }) => name)
      .sort(compareText),
    grants: Object.fromEntries(
      desired.instances.flatMap(({ name, grants }) => (grants.length === 0 ? [] : [[name, grants]])),
    ),
    oneShots: desired.instances.flatMap(({ project, services: all }) =>
      all.filter(({ oneShot }) => oneShot).map(({ name }) => `${project}/${name}`),
    ),
  };
}

/**
 * The same where a commit is followed in part: of what is not desired beside it, all that was remembered stays. Nothing that is
 * followed requires what is held, so that this goes first.
 */
export function describeFollowed(desired: DesiredNode, last: AppliedFacts): AppliedFacts {
  const now = describeApplied(desired);
  const wanted = new Set(desired.instances.map(({ name }) => name));
  const projects = new Set(desired.instances.map(({ project }) => project));
  const isLeft = (name: string) => !wanted.has(name);
  const isOfLeft = (service: string) => !projects.has(service.slice(0, service.indexOf("/")));
  const pick = <T>(entries: Record<string, T> = {}, isKept: (key: string) => boolean) =>
    Object.fromEntries(Object.entries(entries).filter(([key]) => isKept(key)));
  return {
    instanceOrder: [...now.instanceOrder, ...last.instanceOrder.filter(isLeft)],
    requires: { ...pick(last.requires, isLeft), ...now.requires },
    dependsOn: { ...pick(last.dependsOn, isOfLeft), ...now.dependsOn },
    services: { ...pick(last.services, isLeft), ...now.services },
    grants: { ...pick(last.grants, isLeft), ...now.grants },
    installed: [...(now.installed ?? []), ...(last.installed ?? []).filter(isLeft)].sort(compareText),
    oneShots: [...(now.oneShots ?? []), ...(last.oneShots ?? []).filter(isOfLeft)],
  };
}

/**
 * Whether an instance required another one when all was last applied: it goes down first. Where an earlier version kept the
 * record, whatever came up later may have done so.
 */
export function hasRequired(
  { applied }: Pick<RecordState, "applied">,
  { instance, other }: { instance: string; other: string },
): boolean {
  if (applied?.requires !== undefined) return ownOf(applied.requires, instance)?.includes(other) ?? false;
  const order = applied?.instanceOrder ?? [];
  return order.includes(other) && order.indexOf(instance) > order.indexOf(other);
}

/** Each instance after those it requires; a cycle is broken by name, since a plan is total. */
export function orderInstances(instances: readonly DesiredInstance[]): DesiredInstance[] {
  const byName = new Map(instances.map((instance) => [instance.name, instance]));
  const ordered = new Map<string, DesiredInstance>();
  const visit = (instance: DesiredInstance, above: ReadonlySet<string>) => {
    if (ordered.has(instance.name) || above.has(instance.name)) return;
    for (const name of [...instance.after].sort(compareText)) {
      const provider = byName.get(name);
      if (provider !== undefined) visit(provider, new Set([...above, instance.name]));
    }
    ordered.set(instance.name, instance);
  };
  for (const instance of [...instances].sort((a, b) => compareText(a.name, b.name)))
    visit(instance, new Set());
  return [...ordered.values()];
}

/**
 * By instance, the names of all that must be up before it, however far down. Of two that require each other
 * only the later one in the order waits, so that nothing waits for itself.
 */
export function findProviders(ordered: readonly DesiredInstance[]): Map<string, Set<string>> {
  const providers = new Map<string, Set<string>>();
  for (const { name, after } of ordered) {
    const earlier = after.filter((provider) => providers.has(provider));
    providers.set(name, new Set(earlier.flatMap((each) => [each, ...(providers.get(each) ?? [])])));
  }
  return providers;
}
