import { readFile, readdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** What a process holds. */
export interface Footprint {
  readonly residentKiB: number;
  /** Without what files are mapped to: heap and stacks. */
  readonly anonymousKiB: number;
  readonly descriptors: number;
}

/** What a process of this machine holds now (proc_pid_smaps(5), proc_pid_fd(5)). */
export async function readFootprint(pid: number): Promise<Footprint> {
  const [rollup, descriptors] = await Promise.all([
    readFile(`/proc/${pid}/smaps_rollup`, "utf8"),
    readdir(`/proc/${pid}/fd`),
  ]);
  const kibibytes = (name: string) => Number(new RegExp(`^${name}: +(\\d+) kB$`, "m").exec(rollup)?.[1]);
  return {
    residentKiB: kibibytes("Rss"),
    anonymousKiB: kibibytes("Anonymous"),
    descriptors: descriptors.length,
  };
}

/** Options of Node that make a process one for `sampleFootprint`. */
export const sampledNodeOptions = [
  "--expose-gc",
  "--import",
  new URL("collect-garbage.ts", import.meta.url).href,
];

/** Looks several times, over some seconds, after it has given back what it does not need, and returns the medians. */
export async function sampleFootprint(
  pid: number,
  { samples, everyMs }: { samples: number; everyMs: number },
): Promise<Footprint> {
  const taken: Footprint[] = [];
  for (let count = 0; count < samples; count++) {
    process.kill(pid, "SIGUSR2");
    await sleep(everyMs);
    taken.push(await readFootprint(pid));
  }
  return medianOf(taken);
}

export function medianOf(footprints: readonly Footprint[]): Footprint {
  const middle = (name: keyof Footprint) =>
    footprints.map((each) => each[name]).sort((a, b) => a - b)[Math.floor(footprints.length / 2)] ?? NaN;
  return {
    residentKiB: middle("residentKiB"),
    anonymousKiB: middle("anonymousKiB"),
    descriptors: middle("descriptors"),
  };
}
