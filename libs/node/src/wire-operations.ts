import {
  type Engine,
  type EngineContext,
  type OwnIds,
  type RegistryLogins,
  awaitService,
  claimProject,
  connectContainer,
  createContainers,
  createNetwork,
  createVolume,
  execInContainer,
  pullImage,
  removeContainer,
  removeNetwork,
  renameContainer,
  requireUnchanged,
  restartContainer,
  signalContainer,
  startService,
  stopContainer,
  unclaimProject,
} from "@keelson/engine";
import { type NodeSecrets, findSecretVariables, required } from "@keelson/model";
import type { OperationContext, OperationPorts } from "@keelson/reconcile";
import type { NodeLock, NodeRecord } from "@keelson/record";
import { composeFileOf, keepFolder, placeFiles, recordFiles, removeFiles } from "@keelson/store";

import { type NodeSettings, volumeHere } from "./node-settings.ts";
import { fillVariables } from "./secret-variable.ts";
import { writeCompose } from "./written-compose.ts";

/** Gives each kind of operation the one function of `engine` or `store` that does it. */
export function wireOperations(
  settings: NodeSettings,
  ports: {
    engine: Engine;
    secrets: NodeSecrets;
    /** Inherited by children that the next round must wait for. */
    lock: NodeLock;
    /** The ids of what the round may change. */
    own: OwnIds;
    logins: RegistryLogins;
    requireCompose: () => Promise<void>;
    record: Pick<NodeRecord, "adopt" | "release">;
  },
): OperationPorts {
  const { stateDir, environment, composeBinary, pullTimeoutMs, waits } = settings;
  const { engine, secrets, lock, own, logins, requireCompose, record } = ports;
  const store = { stateDir, fillSecrets: secrets.fillSecrets };
  const inEngine = ({ progress, signal }: OperationContext): EngineContext => ({
    engine,
    environment,
    ownerOf: secrets.ownerOf,
    own,
    emitProgress: (message, done, total) =>
      progress(message, done === undefined || total === undefined ? undefined : { done, total }),
    signal,
    composeBinary,
    composeFileOf: (instance) => composeFileOf(stateDir, instance),
    pullTimeoutMs,
    logins,
    longestStopMs: waits.stopMs,
    lock,
  });
  return {
    "pull-image": async (operation, context) => pullImage(inEngine(context), operation),
    "create-network": async (operation, context) => createNetwork(inEngine(context), operation),
    "remove-network": async (operation, context) => removeNetwork(inEngine(context), operation),
    "connect-container": async (operation, context) => connectContainer(inEngine(context), operation),
    "create-volume": async (operation, context) =>
      createVolume(inEngine(context), { ...operation, volume: volumeHere(operation.volume, settings) }),
    "place-files": async (operation) => placeFiles(store, operation),
    "keep-folder": async (operation) => keepFolder(settings, operation),
    "remove-files": async (operation) => removeFiles(store, operation),
    "record-files": async (operation) => recordFiles(store, operation),
    "create-containers": async (operation, context) => {
      await requireCompose();
      const instance = required(context.instance, `instance ${operation.instance}`);
      await writeCompose(settings, { instance, ownerOf: secrets.ownerOf, engine, signal: context.signal });
      const variables = findSecretVariables(JSON.stringify(instance.compose));
      const secretVariables = fillVariables(variables, secrets);
      await createContainers({ ...inEngine(context), secretVariables }, operation);
    },
    "start-service": async (operation, context) => startService(inEngine(context), operation),
    "restart-container": async (operation, context) => restartContainer(inEngine(context), operation),
    "signal-container": async (operation, context) => signalContainer(inEngine(context), operation),
    "exec-in-container": async (operation, context) => execInContainer(inEngine(context), operation),
    "await-service": async (operation, context) => awaitService(inEngine(context), operation),
    "remove-container": async (operation, context) => removeContainer(inEngine(context), operation),
    "stop-container": async (operation, context) => stopContainer(inEngine(context), operation),
    "adopt-project": async (operation, context) => {
      await requireUnchanged(inEngine(context), operation);
      await claimProject(inEngine(context), operation);
      // By it the project is found again under the instance's name, and a service of it is run once more.
      const instance = required(context.instance, `instance ${operation.instance}`);
      await writeCompose(settings, { instance, ownerOf: secrets.ownerOf, engine, signal: context.signal });
      record.adopt(operation);
      own.add([...operation.containers, ...operation.networks].map(({ id }) => id));
    },
    "release-project": async (operation, context) => {
      await unclaimProject(inEngine(context), operation);
      record.release({ ...operation, networks: operation.networks.map(({ id }) => id) });
    },
    "rename-container": async (operation, context) => renameContainer(inEngine(context), operation),
  };
}
