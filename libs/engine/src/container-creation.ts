import {
  KeelsonError,
  type OperationOf,
  composeLabels,
  hasServiceName,
  labels,
  resourceIds,
  transient,
} from "@keelson/model";
import type { ContainerInfo } from "dockerode";

import { runCompose } from "./compose-process.ts";
import { type StopGrace, stopGraceOf } from "./container-stop.ts";
import type { EngineContext, OwnIds } from "./context.ts";
import { listedName } from "./listed-name.ts";
import { labelOf } from "./ownership.ts";
import { observeImage } from "./observed-image.ts";
import { mapParallel } from "./parallel.ts";
import { showProject } from "./own-container.ts";
import { nameTaken } from "./own-resource.ts";
import { listContainers } from "./container-list.ts";

const defaultTimeoutMs = 10 * 60_000;

type CreateContainers = OperationOf<"create-containers">;

/**
 * Lets Compose create or recreate the containers of some services, and start none; an operation of class `live` recreates
 * none. One Compose at a time for each project. Throws K3007 when a foreign container stands in its way, K3008
 * when Compose fails, K3049 when an image that was pulled meanwhile does not declare a volume that it must.
 */
export async function createContainers(context: EngineContext, operation: CreateContainers): Promise<void> {
  await context.engine.composeQueue.run(operation.project, async () => {
    // Compose takes a container with its labels for its own, and would recreate or remove it.
    const present = await listClaiming(context, operation);
    context.own.add(present.filter((each) => isBelated(each, context)).map(({ Id: id }) => id));
    const intruder = present.find(({ Id: id }) => !context.own.has(id));
    if (intruder !== undefined) throw taken(operation, { container: intruder });
    await requireDeclared(context, operation);
    const grace = await longestGrace(context, present);
    // All of them were ours before, so the new ones are what Compose made, also where it failed with others.
    const ownNew = async () =>
      context.own.add((await listClaiming(context, operation)).map(({ Id: id }) => id));
    context.emitProgress(`creating ${operation.services.join(", ")}`);
    try {
      await runCompose(context, {
        what: `create the containers of ${operation.project} (${operation.services.join(", ")})`,
        args: composeArguments(operation, { context, grace }),
        variables: context.secretVariables ?? {},
        timeoutMs: (context.composeTimeoutMs ?? defaultTimeoutMs) + grace.ms,
      });
    } catch (error) {
      if (!(error instanceof KeelsonError) || error.code !== "K3008") throw error;
      await ownNew();
      expectBelated(context, operation);
      // Compose's exit code says nothing of the reason; the engine is asked instead, and K3001 comes from there.
      const holder = await findNameHolder(context, operation);
      throw holder === undefined ? error : taken(operation, { container: holder, cause: error });
    }
    await ownNew();
  });
}

/** Compose hands on an anonymous volume only where the new image declares one, and leaves it behind without a word. */
async function requireDeclared(
  { engine, signal }: EngineContext,
  { project, services, declared = [] }: CreateContainers,
): Promise<void> {
  for (const { service, image, path } of declared.filter((each) => services.includes(each.service))) {
    const found = await observeImage(engine, { reference: image, signal });
    if (found?.volumes?.includes(path) === true) continue;
    throw new KeelsonError({
      code: "K3049",
      message: `image ${image} declares no volume at ${path}, where ${showProject({ project, service })} has data in an anonymous one`,
      hint: "Nothing was made anew. The next round tells how the data can be kept, or given up.",
      outcome: transient,
    });
  }
}

/**
 * Services, by `<project>/<service>`, of which a Compose that failed had asked for containers: the engine goes on with what
 * it was asked, and may finish after Compose has ended.
 */
const belatedServices = new WeakMap<OwnIds, Set<string>>();

function expectBelated({ own }: EngineContext, { project, services }: CreateContainers): void {
  const known = belatedServices.get(own) ?? new Set();
  belatedServices.set(own, known);
  for (const service of services) known.add(showProject({ project, service }));
}

/** Whether a container is what a Compose of this round had asked for. */
function isBelated({ Labels: all }: ContainerInfo, { own, ownerOf }: EngineContext): boolean {
  const project = labelOf(all, composeLabels.project);
  const service = labelOf(all, composeLabels.service);
  const isExpected = belatedServices.get(own)?.has(showProject({ project, service })) === true;
  return isExpected && labelOf(all, labels.owner) === ownerOf(resourceIds.service(project, service));
}

function composeArguments(
  { instance, project, services, force, class: changeClass }: CreateContainers,
  { context, grace }: { context: EngineContext; grace: StopGrace },
): string[] {
  return [
    `--project-name=${project}`,
    `--file=${context.composeFileOf(instance)}`,
    "up",
    "--no-start",
    "--no-deps",
    "--no-build",
    "--pull=never",
    "--quiet-pull",
    ...(force ? ["--force-recreate"] : []),
    // Compose would make anew what is there when it only carries an older digest, or was made by another Compose.
    ...(changeClass === "live" ? ["--no-recreate"] : []),
    // It counts for all containers of the call, so it is given only where one would take longer.
    ...(grace.request.t === undefined ? [] : [`--timeout=${grace.request.t}`]),
    "--",
    ...services,
  ];
}

/** All containers that Compose would take for those of these services. */
async function listClaiming(
  { engine, signal }: EngineContext,
  { project, services }: CreateContainers,
): Promise<ContainerInfo[]> {
  const containers = await listContainers(engine, { signal });
  return containers.filter(
    (container) =>
      labelOf(container.Labels, composeLabels.project) === project &&
      services.includes(labelOf(container.Labels, composeLabels.service)) &&
      !isOneOff(container),
  );
}

/** The longest grace of the containers that Compose may stop; one that the node cuts is the longest possible. */
async function longestGrace(context: EngineContext, present: readonly ContainerInfo[]): Promise<StopGrace> {
  const stoppable = present.filter(({ State: state }) => state !== "created" && state !== "exited");
  const graces = await mapParallel(stoppable, {
    limit: 4,
    map: async ({ Id: id }) => stopGraceOf(context, id),
  });
  return graces.reduce(
    (longest, each) => (each.ms > longest.ms || each.request.t !== undefined ? each : longest),
    {
      ms: 0,
      request: {},
    },
  );
}

function isOneOff({ Labels: all }: ContainerInfo): boolean {
  return labelOf(all, composeLabels.oneOff) === "True";
}

/** A container with the name of one of theirs that Compose does not take for one. */
async function findNameHolder(
  { engine, signal }: EngineContext,
  { project, services }: CreateContainers,
): Promise<ContainerInfo | undefined> {
  const containers = await listContainers(engine, { signal });
  return containers.find(
    (container) =>
      (labelOf(container.Labels, composeLabels.project) !== project || isOneOff(container)) &&
      services.some((service) => hasServiceName(listedName(container), { project, service })),
  );
}

function taken(
  { project, services }: CreateContainers,
  { container, cause }: { container: ContainerInfo; cause?: unknown },
): KeelsonError {
  return nameTaken({
    message: `the foreign container ${listedName(container)} stands in the way of ${project} (${services.join(", ")})`,
    hint: "Remove or rename it; Keelson never touches it.",
    cause,
  });
}
