import { openInstance } from "./store-path.ts";
import { whileReading } from "./store-error.ts";

/** The absolute folder with what is placed for an instance; null where there is none. Throws K4003 and K4006. */
export async function findInstanceFolder(stateDir: string, instance: string): Promise<string | null> {
  return await whileReading(`look for the files of instance ${instance}`, () => {
    using folder = openInstance(stateDir, instance);
    return folder === null ? null : folder.path;
  });
}
