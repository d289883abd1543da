import { type Status, canonicalText } from "@keelson/model";

/** Of a published report, in bytes of its canonical JSON. */
const maxBytes = 64 * 1024;
const errorsKept = 20;
const textKept = 500;

/** The report as small as it is published: long texts are cut, and what is too much is left out and counted. */
export function fitStatus(status: Status): Status {
  if (sizeOf(status) <= maxBytes) return status;
  const short: Status = {
    ...status,
    errors: status.errors.slice(0, errorsKept).map((error) => ({
      ...error,
      resource: cut(error.resource),
      message: cut(error.message),
      hint: cut(error.hint),
    })),
    omitted: { ...status.omitted, errors: Math.max(0, status.errors.length - errorsKept) },
    conditions: status.conditions.map((condition) => ({ ...condition, message: cut(condition.message) })),
  };
  // The last instances first: those in order go before those that are not.
  const order = [...short.instances].sort((a, b) => Number(isFine(a)) - Number(isFine(b)));
  let fitted = short;
  while (sizeOf(fitted) > maxBytes) {
    const bare = order.pop();
    if (bare === undefined) return { ...fitted, instances: [] };
    fitted = {
      ...fitted,
      instances: fitted.instances.map((each) => (each.name === bare.name ? { ...each, services: [] } : each)),
      omitted: { ...fitted.omitted, services: fitted.omitted.services + bare.services.length },
    };
  }
  return fitted;
}

function isFine({ sync, health }: Status["instances"][number]): boolean {
  return sync === "in-sync" && health === "healthy";
}

function cut(text: string): string {
  return text.length <= textKept ? text : `${text.slice(0, textKept - 1)}…`;
}

function sizeOf(status: Status): number {
  return new TextEncoder().encode(canonicalText(status)).length;
}
