import type { ComposeModel } from "@keelson/model";

import type { WrittenProject } from "./written-project.ts";

export interface Counts {
  services: number;
  volumes: number;
  networks: number;
  ports: number;
}

/** What the files of a project say, and what of it the instance has. */
export interface Tally {
  in: Counts;
  out: Counts;
  /** What is in the files and not in the instance, with the reason. */
  leftOut: { what: string; because: string }[];
}

/** Null stands for a project that is not imported: nothing of it comes out, and its own problem is why. */
export function tallyOf(written: WrittenProject, model: ComposeModel | null): Tally {
  const { services, volumes, networks } = written;
  const listed: Counts = {
    services: services.length,
    volumes: volumes.length,
    networks: networks.length,
    ports: sum(services.map(({ ports }) => ports)),
  };
  if (model === null)
    return { in: listed, out: { services: 0, volumes: 0, networks: 0, ports: 0 }, leftOut: [] };
  const has = (section: "services" | "volumes" | "networks", key: string) =>
    Object.hasOwn(model[section], key);
  const portsOf = (name: string) => model.services[name]?.ports?.length ?? 0;
  const isDefault = (key: string) => key === "default" && networks.every((each) => each.key !== key);
  return {
    in: listed,
    out: {
      services: Object.keys(model.services).length,
      volumes: Object.keys(model.volumes).length,
      networks: Object.keys(model.networks).filter((key) => !isDefault(key)).length,
      ports: sum(Object.keys(model.services).map(portsOf)),
    },
    leftOut: [
      ...services
        .filter(({ name }) => !has("services", name))
        .map(({ name, profiles }) => ({ what: `service ${name}`, because: whyOff(profiles) })),
      ...volumes
        .filter((key) => !has("volumes", key))
        .map((key) => ({ what: `volume ${key}`, because: unused })),
      ...networks
        .filter(({ key }) => !has("networks", key))
        .map(({ key }) => ({ what: `network ${key}`, because: unused })),
      ...services
        .filter(({ name, ports }) => has("services", name) && portsOf(name) < ports)
        .map(({ name, ports }) => ({
          what: `${ports - portsOf(name)} of ${ports} ports of ${name}`,
          because: "Compose leaves them out where it merges the files",
        })),
    ],
  };
}

const unused = "no service that it has uses it";

function whyOff(profiles: readonly string[]): string {
  if (profiles.length === 0) return "Compose leaves it out where it merges the files";
  const names = [...new Set(profiles)].join(", ");
  const one = profiles[0] ?? "";
  return `its profile ${names} is not on; profiles: [${one}] of the instance, or COMPOSE_PROFILES in .env, puts it on`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
