import { type Status, canonicalText, compareText } from "@keelson/model";

/** Of a published report, in bytes of its canonical JSON. */
const maxBytes = 64 * 1024;

/** How many errors are kept, and how many characters of each text, from the most to the least. */
const levels = [
  { errors: 20, characters: 500 },
  { errors: 10, characters: 200 },
  { errors: 3, characters: 50 },
] as const;

/** Characters of a text that the node's own configuration gives. */
const mostOfOrigin = 1_000;

/**
 * The report as small as it is published: long texts are cut, and what is too much is left out and counted. Services go
 * first, then volumes, instances, and last what the node made: without that a lost record cannot be rebuilt. Of equal
 * reports it makes equal ones.
 */
export function fitStatus(status: Status): Status {
  const whole = cutOrigin(status);
  if (isSmall(whole)) return whole;
  const cuts = levels.map((level) => cutTexts(whole, level));
  const bare = cuts.map((cut) => keepServices(cut, 0));
  const fitting = cuts.find((_cut, index) => isSmall(bare[index] ?? whole));
  if (fitting !== undefined) return most(fitting.instances.length, (count) => keepServices(fitting, count));
  const without = [...bare, ...bare.map(dropInstances)].find((each) => isSmall(keepVolumes(each, 0)));
  if (without !== undefined)
    return most(Object.keys(without.volumes ?? {}).length, (count) => keepVolumes(without, count));
  const least = keepVolumes(dropInstances(bare.at(-1) ?? whole), 0);
  return most(least.made?.length ?? 0, (count) => keepMade(least, count));
}

/** The one that keeps as many as still is small, of those that keep 0 to `all`. */
function most(all: number, keeping: (count: number) => Status): Status {
  let [fits, tooMany] = [0, all + 1];
  while (tooMany - fits > 1) {
    const middle = Math.floor((fits + tooMany) / 2);
    if (isSmall(keeping(middle))) fits = middle;
    else tooMany = middle;
  }
  return keeping(fits);
}

function cut(text: string, characters: number): string {
  return text.length <= characters ? text : `${text.slice(0, characters - 1)}…`.toWellFormed();
}

/** Where the node's state comes from: the same in each report, whatever else is in it. */
function cutOrigin(status: Status): Status {
  const { source, operation } = status;
  const { url, branch, target } = source;
  const texts = [url, branch, target?.because ?? "", operation?.trigger ?? ""];
  if (texts.every((text) => text.length <= mostOfOrigin)) return status;
  return {
    ...status,
    source: {
      ...source,
      url: cut(url, mostOfOrigin),
      branch: cut(branch, mostOfOrigin),
      ...(target === undefined ? {} : { target: { ...target, because: cut(target.because, mostOfOrigin) } }),
    },
    operation: operation === null ? null : { ...operation, trigger: cut(operation.trigger, mostOfOrigin) },
  };
}

function cutTexts(status: Status, level: (typeof levels)[number]): Status {
  const short = (text: string) => cut(text, level.characters);
  return {
    ...status,
    errors: status.errors.slice(0, level.errors).map((error) => ({
      ...error,
      resource: short(error.resource),
      message: short(error.message),
      hint: short(error.hint),
    })),
    conditions: status.conditions.map((condition) => ({ ...condition, message: short(condition.message) })),
    omitted: addOmitted(status, "errors", Math.max(0, status.errors.length - level.errors)),
  };
}

/** Services, and what they reach of the host, of so many instances: those in order go before those that are not, the last ones first. */
function keepServices(status: Status, count: number): Status {
  const order = status.instances.toSorted((a, b) => Number(isFine(a)) - Number(isFine(b)));
  const kept = new Set(order.slice(0, count));
  const dropped = status.instances.filter((each) => !kept.has(each));
  const countOf = (what: "services" | "grants") =>
    dropped.reduce((sum, instance) => sum + (instance[what] ?? []).length, 0);
  const bare = {
    ...status,
    instances: status.instances.map((each) => (kept.has(each) ? each : withoutServices(each))),
    omitted: addOmitted(status, "services", countOf("services")),
  };
  return { ...bare, omitted: addOmitted(bare, "grants", countOf("grants")) };
}

function withoutServices(instance: Status["instances"][number]): Status["instances"][number] {
  const { grants: _ofServices, ...rest } = instance;
  return { ...rest, services: [] };
}

/** Those that nobody would miss go first. */
function keepVolumes(status: Status, count: number): Status {
  const { volumes, ...rest } = status;
  if (volumes === undefined) return status;
  const order = Object.entries(volumes).toSorted(
    ([a, of], [b, other]) => Number(of.length === 0) - Number(other.length === 0) || compareText(a, b),
  );
  return {
    ...rest,
    volumes: Object.fromEntries(order.slice(0, count)),
    omitted: addOmitted(status, "volumes", order.length - count),
  };
}

function keepMade(status: Status, count: number): Status {
  const { made = [] } = status;
  return {
    ...status,
    made: made.slice(0, count),
    omitted: addOmitted(status, "made", made.length - count),
  };
}

/** Also to what an earlier cut of the same report left out. */
function addOmitted(
  { omitted }: Status,
  ...[what, count]: [keyof Status["omitted"], number]
): Status["omitted"] {
  return count === 0 ? omitted : { ...omitted, [what]: (omitted[what] ?? 0) + count };
}

function dropInstances(status: Status): Status {
  return { ...status, instances: [], omitted: addOmitted(status, "instances", status.instances.length) };
}

function isFine({ sync, health }: Status["instances"][number]): boolean {
  return sync === "in-sync" && health === "healthy";
}

/** Also with the longest number: it is given when the report is published. */
function isSmall(status: Status): boolean {
  const numbered = { ...status, seq: Number.MAX_SAFE_INTEGER };
  return new TextEncoder().encode(canonicalText(numbered)).length <= maxBytes;
}
