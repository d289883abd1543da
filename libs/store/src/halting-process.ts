import { spawn } from "node:child_process";
import { once } from "node:events";
import { execPath } from "node:process";

/** A module that exports what is done to a state folder: `before`, without an end, and `after`, which is ended. */
export interface DiskSteps {
  before: (stateDir: string) => Promise<void>;
  after: (stateDir: string) => Promise<void>;
}

/**
 * Does `after` of a module in `<folder>/<step>`, in a process of its own that ends before its n-th call that changes the disk:
 * `kill` by SIGKILL, at one step; `halt` by letting that call and all later ones fail, so that one process can try every step,
 * each after its own `before`.
 */
export async function runHalting(
  how: "kill" | "halt",
  first: { module: string; folder: string; step: number },
): Promise<"SIGKILL" | "done"> {
  const program = `
    import fs from "node:fs";
    import { syncBuiltinESMExports } from "node:module";
    const [how, module, folder, firstStep] = process.argv.slice(1);
    const { before, after } = await import(module);
    let left = Infinity;
    for (const name of ["renameSync", "mkdirSync", "unlinkSync", "rmdirSync", "symlinkSync", "linkSync",
      "writeFileSync", "fchmodSync", "fsyncSync", "openSync"]) {
      const real = fs[name];
      fs[name] = (path, flags, ...rest) => {
        const changes = name !== "openSync" || (flags & fs.constants.O_CREAT) !== 0;
        if (changes && left-- <= 0) {
          if (how === "kill") process.kill(process.pid, "SIGKILL");
          throw new Error("halted");
        }
        return real(path, flags, ...rest);
      };
    }
    syncBuiltinESMExports();
    for (let step = Number(firstStep), isHalted = true; isHalted; step++) {
      const stateDir = folder + "/" + step;
      if (how === "halt") await before(stateDir);
      left = step;
      isHalted = await after(stateDir).then(() => false, () => true);
      left = Infinity;
    }`;
  const module = new URL(first.module, import.meta.url).href;
  const args = ["--input-type=module", "-e", program, "--", how, module, first.folder, String(first.step)];
  const child = spawn(execPath, args, { stdio: ["ignore", "ignore", "inherit"], timeout: 120_000 });
  const [exitCode, signal] = await once(child, "close");
  if (signal === "SIGKILL") return signal;
  if (exitCode !== 0) throw new Error(`the child ended with ${exitCode ?? signal}`);
  return "done";
}
