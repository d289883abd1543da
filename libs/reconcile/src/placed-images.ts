import {
  type EnvironmentFolder,
  type Located,
  type Lock,
  type Problem,
  type Repository,
  type SaidPlace,
  isLocalReference,
} from "@keelson/model";
import { findComposePlace, renderFiles } from "@keelson/render";

import type { LockOwner } from "./lock-owner.ts";
import type { DesiredPorts } from "./ports.ts";
import { resolveModels } from "./resolve-models.ts";

export type ResolvePorts = Pick<DesiredPorts, "gateCompose" | "resolveCompose" | "record">;

/** An image that a service has where it is placed. */
export interface PlacedImage {
  package: string;
  service: string;
  reference: string;
  place: SaidPlace;
}

/** What services have on each node of each environment that uses the release or the local package. */
export async function findPlacedImages(
  repository: Repository,
  { owner, ...ports }: ResolvePorts & { owner: LockOwner },
): Promise<{ images: PlacedImage[]; problems: Problem[] }> {
  const images: PlacedImage[] = [];
  const problems: Problem[] = [];
  for (const [environment, folder] of repository.environments) {
    const at = owner.kind === "release" ? withVersion(folder, owner) : folder;
    if (at === null) continue;
    const changed = { ...repository, environments: new Map([[environment, at]]) };
    for (const node of folder.nodes.keys()) {
      const { rendered, ...render } = renderFiles(changed, { environment, node });
      const instances = (rendered?.instances ?? [])
        .filter((instance) => isOf(instance.package.reference, owner))
        // What it may reach is another question.
        .map((instance) => ({ ...instance, compose: { ...instance.compose, allow: "all" as const } }));
      const names = Object.entries(folder.environment.value.instances).flatMap(([name, instance]) =>
        isOf(instance.package, owner) ? [name] : [],
      );
      const mine = ({ instances: of }: Problem) =>
        of === undefined || of.some((name) => names.includes(name));
      problems.push(...render.problems.filter(mine));
      if (rendered === null || instances.length === 0) continue;
      const resolved = await resolveModels({ rendered: { ...rendered, instances }, unrendered: [] }, ports);
      problems.push(...resolved.problems);
      if (resolved.error !== null) throw resolved.error;
      for (const instance of instances) {
        const services = Object.entries(resolved.models.get(instance.name)?.services ?? {});
        for (const [service, { image: reference }] of services) {
          const said = instance.compose.images.find((each) => each.service === service)?.place;
          const place = said ?? { path: "", ...findComposePlace(instance, ["services", service, "image"]) };
          images.push({ package: instance.package.folder, service, reference, place });
        }
      }
    }
  }
  return { images, problems: problems.map(({ instances: _ofOne, ...problem }) => problem) };
}

function isOf(reference: string, owner: LockOwner): boolean {
  if (owner.kind === "local") return reference === owner.reference;
  return !isLocalReference(reference) && reference.startsWith(`${owner.name}/`);
}

/** The environment as if its lock had this version of the release; null where it does not use the release. */
function withVersion(
  folder: EnvironmentFolder,
  { name, version }: { name: string; version: string },
): EnvironmentFolder | null {
  if (!Object.hasOwn(folder.environment.value.releases, name)) return null;
  const empty: Located<Lock> = {
    file: `${folder.folder}/lock.yaml`,
    value: { releases: {}, instances: {} },
    positionOf: () => ({ line: 1, column: 1 }),
    lineText: () => "",
  };
  const lock = folder.lock ?? empty;
  const releases = { ...lock.value.releases, [name]: { version } };
  return { ...folder, lock: { ...lock, value: { ...lock.value, releases } } };
}
