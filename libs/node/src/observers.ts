import type { Engine, OwnIds } from "@keelson/engine";
import { type NodeSecrets, type ObservedEngine, compareText } from "@keelson/model";
import type { ReadPorts } from "@keelson/reconcile";
import { findSameFiles, observeStore } from "@keelson/store";

import type { LastStatuses, LossMemory } from "./lost-record.ts";
import { observeHost } from "./observed-host.ts";
import { type NodeSettings, volumeHere } from "./node-settings.ts";
import { findSameSecrets } from "./same-secret.ts";
import { observeRemembered } from "./remembered.ts";

/** The ports that observe the node. `own` gets the ids of the containers that are seen to be its own. */
export function observers(
  settings: NodeSettings,
  rooms: {
    engine: Engine;
    secrets: NodeSecrets;
    memory: LossMemory;
    statuses: LastStatuses;
    own?: OwnIds;
  },
): Pick<
  ReadPorts,
  "observeEngine" | "observeStore" | "observeHost" | "findSameFiles" | "findSameSecrets" | "allow" | "waits"
> {
  const { stateDir, dataDir, dataFolders, remotes, waits, allow } = settings;
  const { engine, secrets, memory, statuses, own } = rooms;
  const { ownershipOf } = secrets;
  return {
    waits,
    allow,
    findSameFiles: async (bound) => {
      const isKnown = ({ mount }: (typeof bound)[number]) =>
        mount.files.every((file) => file.secrets.every(secrets.isKnown));
      return findSameFiles(bound.filter(isKnown), { fillSecrets: secrets.fillSecrets });
    },
    findSameSecrets: (compared) => findSameSecrets(compared, secrets),
    observeHost: async (paths) => observeHost(paths, { settings, engine }),
    observeEngine: async (request) => {
      const observed = await observeRemembered(engine, {
        request: {
          ...request,
          volumes: request.volumes.map((volume) => volumeHere(volume, settings)),
          remotes,
          ownershipOf,
        },
        memory,
        statuses,
      });
      const ours = [...observed.containers, ...observed.networks].filter(
        ({ ownership }) => ownership === "ours",
      );
      own?.add(ours.map(({ id }) => id));
      return withHiddenWords(observed, secrets.hideValues);
    },
    observeStore: async (input) => ({
      ...(await observeStore({ stateDir, dataDir, dataFolders, ...input, fillSecrets: secrets.fillSecrets })),
      placedInstances: Object.keys(dataFolders).sort(compareText),
    }),
  };
}

/** Programs print what they were given: what one of them said goes no further with a secret value in it. */
function withHiddenWords(observed: ObservedEngine, hideValues: NodeSecrets["hideValues"]): ObservedEngine {
  const containers = observed.containers.map((each) =>
    each.ailment === undefined
      ? each
      : { ...each, ailment: { ...each.ailment, said: hideValues(each.ailment.said) } },
  );
  return { ...observed, containers };
}

/** The ids of containers and networks that were the node's own when the round observed it, and of those that it made since. */
export function newOwnIds(): OwnIds {
  const known = new Set<string>();
  return {
    has: (id) => known.has(id),
    add: (ids) => {
      for (const id of ids) known.add(id);
    },
  };
}
