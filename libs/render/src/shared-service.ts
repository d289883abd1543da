import { type ComposeService, compareText } from "@keelson/model";

/** Services whose namespace or volumes this one lives in. */
export function findSharedServices(service: ComposeService): string[] {
  const modes = [service.network_mode, service.ipc, service.pid].flatMap((mode) =>
    mode?.startsWith("service:") === true ? [mode.slice("service:".length)] : [],
  );
  const volumesFrom = (service.volumes_from ?? []).map((entry) => entry.split(":")[0] ?? "");
  return [...new Set([...modes, ...volumesFrom])].sort(compareText);
}
