import type { Engine } from "./engine.ts";
import { askEngine, unreadable } from "./request.ts";

/** Which engine it is, and what it runs by itself, such as `linux/amd64`; null when it does not say. Throws K3001 and K3009. */
export async function observeEngineVersion(
  engine: Engine,
  signal: AbortSignal | undefined,
): Promise<{ engineVersion: string; platform: string | null }> {
  const what = "tell its version";
  const {
    Version: engineVersion,
    Os: os,
    Arch: architecture,
  } = await askEngine(engine, { what, signal, send: () => engine.docker.version() });
  if (typeof engineVersion !== "string") throw unreadable(what);
  const isTold = typeof os === "string" && typeof architecture === "string";
  return { engineVersion, platform: isTold ? `${os}/${architecture}` : null };
}
