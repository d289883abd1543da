import { KeelsonError, type OperationOf, composeLabels, stalled } from "@keelson/model";
import type { ContainerInfo } from "dockerode";

import { runCompose } from "./compose-process.ts";
import type { EngineContext } from "./context.ts";
import { listedName } from "./listed-name.ts";
import { listContainers } from "./observation.ts";
import { hasServiceName, judgeContainer, labelOf, ownershipBy } from "./ownership.ts";

const defaultTimeoutMs = 10 * 60_000;

type CreateContainers = OperationOf<"create-containers">;

/**
 * Lets Compose create or recreate the containers of some services, and start none. One Compose at a time for each
 * project. Throws K3007 when a container that is not ours stands in its way, K3008 when Compose fails.
 */
export async function createContainers(context: EngineContext, operation: CreateContainers): Promise<void> {
  await context.engine.composeQueue.run(operation.project, async () => {
    // Compose takes what carries its labels for its own, and would recreate or remove it.
    const intruder = await findIntruder(context, operation);
    if (intruder !== undefined) throw taken(intruder, operation);
    context.emitProgress(`creating ${operation.services.join(", ")}`);
    try {
      await runCompose(context, {
        what: `create the containers of ${operation.project} (${operation.services.join(", ")})`,
        args: composeArguments(operation, context.composeFileOf(operation.instance)),
        timeoutMs: context.composeTimeoutMs ?? defaultTimeoutMs,
      });
    } catch (error) {
      if (!(error instanceof KeelsonError) || error.code !== "K3008") throw error;
      // Compose's exit code says nothing of the reason; the engine is asked instead, and K3001 comes from there.
      const holder = await findNameHolder(context, operation);
      throw holder === undefined ? error : taken(holder, operation, error);
    }
  });
}

function composeArguments({ project, services, force }: CreateContainers, composeFile: string): string[] {
  return [
    `--project-name=${project}`,
    `--file=${composeFile}`,
    "up",
    "--no-start",
    "--no-deps",
    "--no-build",
    "--pull=never",
    "--quiet-pull",
    ...(force ? ["--force-recreate"] : []),
    "--",
    ...services,
  ];
}

/** A container that carries Compose's labels of one of the services, but is not ours. */
async function findIntruder(
  { engine, environment, ownerOf, signal }: EngineContext,
  { project, services }: CreateContainers,
): Promise<ContainerInfo | undefined> {
  const containers = await listContainers(engine, signal);
  return containers.find((container) => {
    const { Labels: all } = container;
    return (
      labelOf(all, composeLabels.project) === project &&
      services.includes(labelOf(all, composeLabels.service)) &&
      labelOf(all, composeLabels.oneOff) !== "True" &&
      judgeContainer(
        { name: listedName(container), labels: all },
        { environment, ownershipOf: ownershipBy(ownerOf) },
      ) !== "ours"
    );
  });
}

/** A container without Compose's labels that has the name of one of the services' containers. */
async function findNameHolder(
  { engine, signal }: EngineContext,
  { project, services }: CreateContainers,
): Promise<ContainerInfo | undefined> {
  const containers = await listContainers(engine, signal);
  return containers.find(
    (container) =>
      labelOf(container.Labels, composeLabels.project) !== project &&
      services.some((service) => hasServiceName(listedName(container), { project, service })),
  );
}

function taken(
  container: ContainerInfo,
  { project, services }: CreateContainers,
  cause?: unknown,
): KeelsonError {
  return new KeelsonError({
    code: "K3007",
    message: `container ${listedName(container)} stands in the way of ${project} (${services.join(", ")}) and is not Keelson's`,
    hint: "Remove or rename it; Keelson never touches it.",
    outcome: stalled,
    cause,
  });
}
