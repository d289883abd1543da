import type { ComposeModel, ComposeService, DesiredMount } from "@keelson/model";

/** The model with all placed files bound read-only, as if the Compose file said so, but those that package.yaml calls writable. */
export function withReadOnlyBinds(model: ComposeModel, mounts: readonly DesiredMount[]): ComposeModel {
  const readOnly = new Set(mounts.flatMap((mount) => (mount.writable ? [] : [mount.source])));
  const services = Object.entries(model.services).map(([name, service]): [string, ComposeService] => [
    name,
    service.volumes === undefined
      ? service
      : {
          ...service,
          volumes: service.volumes.map((mount) =>
            mount.type === "bind" && readOnly.has(mount.source ?? "") ? { ...mount, read_only: true } : mount,
          ),
        },
  ]);
  return { ...model, services: Object.fromEntries(services) };
}
