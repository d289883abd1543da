import { createServer } from "node:net";
import { codeOf } from "./foreign-error.ts";

/**
 * Takes a name for this process, against all others of the machine; undefined when another one, or this one, has it.
 * Returns what gives it back. The claim is a listening abstract socket: it ends with the process, however that ends.
 */
export async function claimName(name: string): Promise<(() => Promise<void>) | undefined> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(`\0keelson-${name}`, resolve);
    });
  } catch (error) {
    if (codeOf(error) === "EADDRINUSE") return undefined;
    throw error;
  }
  server.unref();
  return async () => {
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
  };
}
