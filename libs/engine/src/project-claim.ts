import { KeelsonError, type ProjectClaim, claimName, composeLabels, labels, stalled } from "@keelson/model";
import type { VolumeInspectInfo } from "dockerode";

import type { EngineContext } from "./context.ts";
import { inspectVolume } from "./observed-volume.ts";
import { labelOf } from "./ownership.ts";
import { askEngine, hasStatus } from "./request.ts";

type ClaimContext = Pick<EngineContext, "engine" | "environment" | "signal">;

/**
 * Takes a project for the environment. The engine makes one volume of a name, whoever asks first. Throws K9099 where another
 * environment has it.
 */
export async function claimProject(
  { engine, environment, signal }: ClaimContext,
  { project }: { project: string },
): Promise<void> {
  const name = claimName(project);
  await askEngine(engine, {
    what: `create volume ${name}`,
    signal,
    send: (abortSignal) =>
      engine.docker.createVolume({
        Name: name,
        Labels: { [labels.adoptedBy]: environment, [composeLabels.project]: project },
        abortSignal,
      }),
  });
  const holder = await findClaim({ engine, signal }, { project });
  if (holder === environment) return;
  throw new KeelsonError({
    code: "K9099",
    message: `the project ${project} is of the environment ${holder ?? "of somebody else"}, which has adopted it`,
    hint: `Nothing was taken over. If that environment is gone: docker volume rm ${name}`,
    outcome: stalled,
  });
}

/** Gives a project up that the environment has taken. */
export async function unclaimProject(
  { engine, environment, signal }: ClaimContext,
  { project }: { project: string },
): Promise<void> {
  const name = claimName(project);
  if ((await findClaim({ engine, signal }, { project })) !== environment) return;
  try {
    await askEngine(engine, {
      what: `remove volume ${name}`,
      signal,
      send: () => engine.docker.getVolume(name).remove(),
    });
  } catch (error) {
    if (!hasStatus(error, 404)) throw error;
  }
}

/** The environment that has adopted the project; null where none has. */
export async function findClaim(
  { engine, signal }: Pick<ClaimContext, "engine"> & { signal?: AbortSignal | undefined },
  { project }: { project: string },
): Promise<string | null> {
  const found = await inspectVolume(engine, { name: claimName(project), signal });
  return found === null ? null : (claimsIn([found])[0]?.environment ?? null);
}

/** What volumes say of adopted projects. */
export function claimsIn(volumes: readonly VolumeInspectInfo[]): ProjectClaim[] {
  return volumes.flatMap(({ Name: name, Labels: found }) => {
    const all = found ?? {};
    const project = labelOf(all, composeLabels.project);
    const environment = labelOf(all, labels.adoptedBy);
    return environment === "" || name !== claimName(project) ? [] : [{ project, environment }];
  });
}
