import type { Container } from "./containers.ts";

/** What became of a container between two looks. */
export type Fate = "created" | "removed" | "recreated" | "restarted" | "same";

/** What became of each container, by `instance/service`; those that are as they were are left out. */
export function compareContainers(
  before: readonly Container[],
  after: readonly Container[],
): Record<string, Fate> {
  const keys = new Set([...before, ...after].map(keyOf));
  const fates = [...keys].map((key) => {
    const [old, now] = [before, after].map((containers) => containers.find((each) => keyOf(each) === key));
    return [key, fateOf(old, now)] as const;
  });
  return Object.fromEntries(fates.filter(([, fate]) => fate !== "same"));
}

function keyOf({ labels, service }: Container): string {
  return `${labels["io.keelson.instance"] ?? "foreign"}/${service}`;
}

function fateOf(old: Container | undefined, now: Container | undefined): Fate {
  if (old === undefined) return "created";
  if (now === undefined) return "removed";
  if (old.id !== now.id) return "recreated";
  return old.startedAt === now.startedAt ? "same" : "restarted";
}
