import { type Status, canonicalText } from "@keelson/model";

/** Of a published report, in bytes of its canonical JSON. */
const maxBytes = 64 * 1024;

/** How many errors are kept, and how many characters of each text, from the most to the least. */
const levels = [
  { errors: 20, characters: 500 },
  { errors: 10, characters: 200 },
  { errors: 3, characters: 50 },
] as const;

/**
 * The report as small as it is published: long texts are cut, and what is too much is left out and counted. Of equal
 * reports it makes equal ones.
 */
export function fitStatus(status: Status): Status {
  if (isSmall(status)) return status;
  const cuts = levels.map((level) => cutTexts(status, level));
  const withoutServices = (cut: Status) => dropServices(cut, () => false);
  const cut = cuts.find((each) => isSmall(withoutServices(each)));
  if (cut === undefined) return dropInstances(cuts.at(-1) ?? status);
  // Those in order go before those that are not, the last ones first.
  const order = cut.instances.toSorted((a, b) => Number(isFine(a)) - Number(isFine(b)));
  const keeping = (count: number) => {
    const names = new Set(order.slice(0, count).map(({ name }) => name));
    return dropServices(cut, (name) => names.has(name));
  };
  let [fits, tooMany] = [0, order.length + 1];
  while (tooMany - fits > 1) {
    const middle = Math.floor((fits + tooMany) / 2);
    if (isSmall(keeping(middle))) fits = middle;
    else tooMany = middle;
  }
  return keeping(fits);
}

function cutTexts(status: Status, level: (typeof levels)[number]): Status {
  const cut = (text: string) =>
    text.length <= level.characters ? text : `${text.slice(0, level.characters - 1)}…`.toWellFormed();
  return {
    ...status,
    errors: status.errors.slice(0, level.errors).map((error) => ({
      ...error,
      resource: cut(error.resource),
      message: cut(error.message),
      hint: cut(error.hint),
    })),
    conditions: status.conditions.map((condition) => ({ ...condition, message: cut(condition.message) })),
    omitted: { ...status.omitted, errors: Math.max(0, status.errors.length - level.errors) },
  };
}

function dropServices(status: Status, isKept: (instance: string) => boolean): Status {
  const dropped = status.instances.filter(({ name }) => !isKept(name));
  const services = dropped.reduce((sum, instance) => sum + instance.services.length, 0);
  return {
    ...status,
    instances: status.instances.map((each) => (isKept(each.name) ? each : { ...each, services: [] })),
    omitted: { ...status.omitted, services },
  };
}

function dropInstances(status: Status): Status {
  const { instances, omitted, made: _made, volumes: _volumes, ...rest } = dropServices(status, () => false);
  return { ...rest, instances: [], omitted: { ...omitted, instances: instances.length } };
}

function isFine({ sync, health }: Status["instances"][number]): boolean {
  return sync === "in-sync" && health === "healthy";
}

function isSmall(status: Status): boolean {
  return new TextEncoder().encode(canonicalText(status)).length <= maxBytes;
}
