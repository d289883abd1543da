import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** How much memory the processes of Node have needed at most, one after another. */
export interface PeakMemory {
  /** For a process that is to be measured. */
  readonly env: { readonly NODE_OPTIONS: string };
  /** MiB; of the process that ended last. */
  read(): Promise<number>;
}

/** Has each process say at its end what the system knows of it (getrusage(2)). */
export async function measurePeak(folder: string): Promise<PeakMemory> {
  const [script, result] = [join(folder, "peak-memory.mjs"), join(folder, "peak-memory")];
  await writeFile(
    script,
    `import { writeFileSync } from "node:fs";
process.on("exit", () => writeFileSync(${JSON.stringify(result)}, String(process.resourceUsage().maxRSS)));
`,
  );
  return {
    env: { NODE_OPTIONS: `--import=${script}` },
    read: async () => Number(await readFile(result, "utf8")) / 1024,
  };
}
