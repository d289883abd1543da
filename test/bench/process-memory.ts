import { readFile } from "node:fs/promises";

const fields = { resident: "VmRSS", peak: "VmHWM", anonymous: "RssAnon" } as const;

/** MiB of a process (proc_pid_status(5)); null when it is gone. */
export async function readMemory(pid: number, field: keyof typeof fields): Promise<number | null> {
  const text = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const kib = new RegExp(`^${fields[field]}:\\s+(\\d+) kB$`, "m").exec(text)?.[1];
  return kib === undefined ? null : Number(kib) / 1024;
}

/** The peak of a process that ends by itself, looked at until it is gone. */
export async function watchPeak(pid: number, isRunning: () => boolean): Promise<number> {
  let peak = 0;
  while (isRunning()) {
    peak = (await readMemory(pid, "peak")) ?? peak;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return peak;
}
