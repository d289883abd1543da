import { lockFor, makeSmallRepository } from "../repository-text.ts";
import type { Chance } from "./chance.ts";

/** What a trial's node should have: everything that its commits change. */
export interface Wish {
  /** Of the image of `web/app`. */
  readonly version: number;
  /** An environment value of `web/app`. */
  readonly value: number;
  /** Of a file that `web/app` reads again on a signal. */
  readonly live: number;
  /** Of a file for which `web/side` is made anew. */
  readonly fixed: number;
  /** How many containers `web/many` has. */
  readonly many: number;
  /** Whether there is a service `web/extra`. */
  readonly hasExtra: boolean;
  /** Whether there is an instance `spare`. */
  readonly hasSpare: boolean;
}

export const firstWish: Wish = {
  version: 1,
  value: 0,
  live: 0,
  fixed: 0,
  many: 1,
  hasExtra: false,
  hasSpare: false,
};

export const appVersions = [1, 2, 3, 4];

/** The wish with one thing about it changed. */
export function changeWish(wish: Wish, chance: Chance): Wish {
  const changes: Partial<Wish>[] = [
    { version: chance.oneOf(appVersions.filter((each) => each !== wish.version)) },
    { value: wish.value + 1 },
    { live: wish.live + 1 },
    { fixed: wish.fixed + 1 },
    { many: (wish.many + chance.between(1, 3)) % 4 },
    { hasExtra: !wish.hasExtra },
    { hasSpare: !wish.hasSpare },
  ];
  return { ...wish, ...chance.oneOf(changes) };
}

/** The files of a state repository that says so. */
export function filesOf(wish: Wish, environment: string): Record<string, string> {
  const environmentDocument = { instances: instancesOf(wish) };
  const release = releaseOf(wish);
  return {
    ...makeSmallRepository({ environment, release, nodes: { n1: {} }, environmentDocument }),
    [`environments/${environment}/lock.yaml`]: lockFor(instancesOf(wish), "1.0.0"),
  };
}

/** `instance/service` of every container that the wish is about, once for each. */
export function servicesOf({ many, hasExtra, hasSpare }: Wish): string[] {
  return [
    "web/app",
    "web/side",
    ...Array.from({ length: many }, () => "web/many"),
    ...(hasExtra ? ["web/extra"] : []),
    ...(hasSpare ? ["spare/spare"] : []),
  ];
}

function instancesOf({ hasSpare }: Wish): Record<string, { package: string }> {
  return { web: { package: "app/web" }, ...(hasSpare ? { spare: { package: "app/spare" } } : {}) };
}

/** All images are named from the beginning, since they are loaded when they are first named. */
export function releaseOf(wish: Wish): string {
  const common = "init: true, stop_grace_period: 1s";
  const extra = `  extra: { image: "IMAGES/plain:1", depends_on: [app], ${common} }`;
  return `
-- packages/web/package.yaml --
files:
  - { template: live.conf, to: live/app.conf, onChange: "signal:HUP" }
  - { template: fixed.conf, to: fixed/app.conf, onChange: recreate }
-- packages/web/live.conf --
live ${wish.live}
-- packages/web/fixed.conf --
fixed ${wish.fixed}
-- packages/web/compose.yaml --
# ${appVersions.map((version) => `IMAGES/app:${version}`).join(" ")}
services:
  app: { image: "IMAGES/app:${wish.version}", environment: { VALUE: "${wish.value}" }, volumes: ["./live:/etc/app:ro"], ${common} }
  side:
    image: IMAGES/plain:1
    volumes: ["./fixed:/etc/app:ro", "data:/data"]
    healthcheck: { test: [CMD, test, -e, /etc/app/app.conf], interval: 1s, timeout: 5s, retries: 20 }
    depends_on: { app: { condition: service_started } }
    ${common.replace(", ", "\n    ")}
  many: { image: "IMAGES/plain:1", scale: ${wish.many}, ${common} }
${wish.hasExtra ? extra : ""}
volumes: { data: {} }
-- packages/spare/compose.yaml --
services:
  spare: { image: "IMAGES/plain:1", ${common} }
`;
}
