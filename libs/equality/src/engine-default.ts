import type { ContainerDefaults } from "@keelson/model";

import type { Facts } from "./fact.ts";

/** Facts of a service, with what the engine gives where it asks for nothing, as far as an engine tells that. */
export function withDefaults(desired: Facts, defaults: ContainerDefaults): Facts {
  const told = {
    "logging.driver": defaults.loggingDriver,
    cgroup: defaults.cgroup,
    runtime: defaults.runtime,
  };
  return new Map([...Object.entries(told).filter(([, value]) => value !== ""), ...desired]);
}

/**
 * What the settings of an engine (daemon.json) give a container that does not ask for it, and what no engine tells anybody:
 * `log-opts`, for the driver that is its default, `default-ulimits`, `default-shm-size`. The container has had it since it was made.
 */
const untold = /^(?:logging\.options\..*|ulimits\..*|shm_size)$/;

/** Docker keeps these names of labels for its own programs (docs.docker.com, "Docker object labels"): Swarm's, Desktop's. */
const ofDocker = /^labels\.(?:com\.docker\.|io\.docker\.|org\.dockerproject\.|desktop\.docker\.io\/)/;

/**
 * Whether a container may have a fact without that a service ever asked for it, from its engine's settings or from Docker's own
 * programs: nobody can tell that from what an earlier service asked for.
 */
export function mayBeUnasked(
  name: string,
  { observed, defaults }: { observed: Facts; defaults: Pick<ContainerDefaults, "loggingDriver"> },
): boolean {
  if (ofDocker.test(name)) return true;
  if (!untold.test(name)) return false;
  return !name.startsWith("logging.") || observed.get("logging.driver") === defaults.loggingDriver;
}
