import { existsSync } from "node:fs";

import {
  type InteractiveExec,
  type LogLine,
  connectEngine,
  containersOnly,
  execInteractive,
  observeEngine,
  streamLogs,
} from "@keelson/engine";
import { KeelsonError, type ObservedContainer, projectOf, stalled } from "@keelson/model";
import { readStoredCompose } from "@keelson/store";

import { engineAddress } from "./engine-address.ts";
import { openNodeSecrets } from "./node-secrets.ts";
import type { NodeSettings } from "./node-settings.ts";
import { lookUpMemory } from "./remembered.ts";
import { requireTrustedFolders } from "./trusted-files.ts";

export type EngineSettings = Pick<
  NodeSettings,
  "environment" | "stateDir" | "keyFile" | "secretsFile" | "ageKeyFile" | "dockerHost"
>;

/** A line of a log, with the values of the node's secrets hidden. */
export interface TimedLogLine extends Omit<LogLine, "isFirst"> {
  /** When the line was written, by the engine (RFC 3339 with nanoseconds). */
  time: string;
}

export interface LogsOf {
  instance: string;
  /** All services of the instance when it is empty. */
  services: readonly string[];
  tail: number | "all";
  follow: boolean;
  since: Date | undefined;
  signal: AbortSignal;
  onLine: (line: TimedLogLine) => void;
}

export type ExecIn = Omit<InteractiveExec, "environment" | "project" | "ownershipOf" | "madeHere"> & {
  instance: string;
};

/** What a person may see and enter on this node: only the node's own containers. */
export interface NodeEngine {
  /** Compose project of an instance: as its Compose file here says, or what is the default where it has none. */
  project: (instance: string) => Promise<string>;
  listContainers: (signal: AbortSignal) => Promise<ObservedContainer[]>;
  streamLogs: (request: LogsOf) => Promise<void>;
  execInteractive: (request: ExecIn) => Promise<number>;
}

/** Opens the node's engine for the node's own containers. Makes no key: throws K9018 when there is none. */
export async function wireEngine(settings: EngineSettings): Promise<NodeEngine> {
  const { environment, keyFile } = settings;
  if (!existsSync(keyFile)) throw noKey(keyFile);
  requireTrustedFolders(settings);
  const { ownershipOf, hideValues } = await openNodeSecrets(settings);
  const engine = connectEngine(engineAddress(settings));
  const own = { environment, ownershipOf, madeHere: await lookUpMemory(settings) };
  const project = async (instance: string) =>
    (await readStoredCompose(settings.stateDir, instance))?.project ?? projectOf(environment, instance);
  const ownProject = async (instance: string) => ({ ...own, project: await project(instance) });
  return {
    project,
    listContainers: async (signal) => {
      const observed = await observeEngine(engine, { ...own, ...containersOnly, signal });
      return observed.containers.filter(({ ownership }) => ownership === "ours");
    },
    streamLogs: async ({ instance, onLine, ...request }) =>
      streamLogs(engine, {
        ...request,
        ...(await ownProject(instance)),
        timestamps: true,
        onLine: (line) => onLine(timedLine(line, hideValues)),
      }),
    execInteractive: async ({ instance, ...request }) =>
      execInteractive(engine, { ...request, ...(await ownProject(instance)) }),
  };
}

function timedLine(line: LogLine, hideValues: (text: string) => string): TimedLogLine {
  const { isFirst, ...rest } = line;
  const [time = ""] = line.text.split(" ", 1);
  const text = line.text.slice(time.length + 1);
  return { ...rest, time, text: isFirst ? hideAfterCut(text, hideValues) : hideValues(text) };
}

/** A cut line may begin inside a value: behind the mark of a cut, `hideValues` hides the rest of a value too. */
function hideAfterCut(text: string, hideValues: (text: string) => string): string {
  return hideValues(`…${text}`).replace(/^…/, "");
}

/** K9018. */
export function noKey(keyFile: string): KeelsonError {
  return new KeelsonError({
    code: "K9018",
    message: `there is no node key ${keyFile}, and without it no container is known to be this node's own`,
    hint: "Name the node's key with --config or --key-file. Only keelson apply and the agent make a key.",
    outcome: stalled,
  });
}
