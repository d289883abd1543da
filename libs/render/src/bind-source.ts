import { type ComposeModel, compareText, seccompFileOf, ownOf } from "@keelson/model";

/** What compose.yaml binds, and who does: once for all services of the instance. */
export interface BindSource {
  source: string;
  /** Sorted. */
  services: string[];
  /** Those of them that may write there. */
  writers: string[];
  /** Whether it is the file of a secret or a config, which can be no folder. */
  isFile: boolean;
  /** Whether it is a seccomp profile: Compose reads it, when it makes a container. */
  isProfile: boolean;
}

/** All sources of service volumes, file secrets, file configs and seccomp profiles, sorted. */
export function findSources(model: ComposeModel): BindSource[] {
  const uses = Object.entries(model.services).flatMap(
    ([service, { volumes, secrets, configs, security_opt: options = [] }]) => {
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
            isProfile: false,
          })),
        ...files.map((source) => ({ service, source, isWriter: false, isFile: true, isProfile: false })),
        ...options
          .map(seccompFileOf)
          .map((source) => ({ service, source, isWriter: false, isFile: true, isProfile: true })),
      ].flatMap(({ source, ...use }) => (typeof source === "string" ? [{ source, ...use }] : []));
    },
  );
  return [...Map.groupBy(uses, ({ source }) => source)]
    .map(([source, all]) => ({
      source,
      services: namesOf(all),
      writers: namesOf(all.filter(({ isWriter }) => isWriter)),
      isFile: all.some(({ isFile }) => isFile),
      isProfile: all.some(({ isProfile }) => isProfile),
    }))
    .sort((a, b) => compareText(a.source, b.source));
}

function namesOf(uses: readonly { service: string }[]): string[] {
  return [...new Set(uses.map(({ service }) => service))].sort(compareText);
}
