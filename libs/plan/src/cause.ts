import type { Cause, CauseKind, ObservedContainer } from "@keelson/model";

function causeOf(kind: CauseKind): (text: string) => Cause {
  return (text) => ({ kind, service: null, text });
}

export const because = {
  desired: causeOf("desired"),
  drift: causeOf("drift"),
  lost: causeOf("lost"),
  interrupted: causeOf("interrupted"),
  follows: causeOf("follows"),
};

export const isUndesired = because.desired("is no longer desired");

/** Why something is done about a file, by its path as the services see it. */
export const fileCauses = {
  notPlaced: (to: string) => because.desired(`file ${to} is not placed yet`),
  notLoaded: (to: string) => because.desired(`file ${to} was not loaded yet`),
  changed: (to: string) => because.desired(`file ${to} changed`),
  dropped: (to: string) => because.desired(`file ${to} was dropped`),
  missing: (to: string) => because.lost(`file ${to} is missing`),
  touched: (to: string) => because.drift(`file ${to} was changed by hand`),
  added: (to: string) => because.drift(`file ${to} was put there by hand`),
};

/** Each cause once, in the order in which they come. */
export function uniqueCauses(causes: readonly Cause[]): Cause[] {
  return [...new Map(causes.map((cause) => [`${cause.kind} ${cause.text}`, cause])).values()];
}

const namedCauses = 20;

/** The first of many causes like one another, and how many more there are: a container can make a thousand of them. */
export function someOf(causes: readonly Cause[]): Cause[] {
  const [first, ...others] = causes.slice(namedCauses);
  if (first === undefined) return [...causes];
  return [...causes.slice(0, namedCauses), { ...first, text: `and ${others.length + 1} more like that` }];
}

/** Of a container that has run and does not. */
export function isDown({ state, exitCode }: ObservedContainer): Cause {
  return because.drift(state === "paused" ? "is paused" : `is not running (exit code ${exitCode})`);
}
