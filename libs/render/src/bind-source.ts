import { type ComposeModel, compareText, ownOf } from "@keelson/model";

/** What compose.yaml binds, and who does: once for all services of the instance. */
export interface BindSource {
  source: string;
  /** Sorted. */
  services: string[];
  /** Those of them that may write there. */
  writers: string[];
  /** Whether it is the file of a secret or a config, which can be no folder. */
  isFile: boolean;
}

/** All sources of service volumes, file secrets and file configs, sorted. */
export function findSources(model: ComposeModel): BindSource[] {
  const uses = Object.entries(model.services).flatMap(([service, { volumes, secrets, configs }]) => {
    const files = [
      ...(secrets ?? []).map((use) => ownOf(model.secrets, use.source)?.["file"]),
      ...(configs ?? []).map((use) => ownOf(model.configs, use.source)?.["file"]),
    ];
    return [
      ...(volumes ?? [])
        .filter(({ type }) => type === "bind")
        .map(({ source, read_only: isRead = false }) => ({
          service,
          source,
          isWriter: !isRead,
          isFile: false,
        })),
      ...files.map((source) => ({ service, source, isWriter: false, isFile: true })),
    ].flatMap(({ source, ...use }) => (typeof source === "string" ? [{ source, ...use }] : []));
  });
  return [...Map.groupBy(uses, ({ source }) => source)]
    .map(([source, all]) => ({
      source,
      services: namesOf(all),
      writers: namesOf(all.filter(({ isWriter }) => isWriter)),
      isFile: all.some(({ isFile }) => isFile),
    }))
    .sort((a, b) => compareText(a.source, b.source));
}

function namesOf(uses: readonly { service: string }[]): string[] {
  return [...new Set(uses.map(({ service }) => service))].sort(compareText);
}
