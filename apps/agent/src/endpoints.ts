import type { RequestListener } from "node:http";

import { type LocalAddress, type LocalServer, openLocalServer } from "./local-server.ts";
import type { Log } from "./log-event.ts";
import type { WatchSetting } from "./round-summary.ts";

/** Where the watcher answers: `keelson sync` at its control socket, and monitors where agent.yaml names an address. */
export interface Endpoints {
  /** Opens and closes addresses until exactly those of the setting are open. One that fails is opened by the next call. */
  keep: (setting: WatchSetting) => void;
  close: () => Promise<void>;
}

interface Endpoint {
  at: LocalAddress;
  answer: RequestListener;
}

interface Listeners {
  control: RequestListener;
  monitor: RequestListener;
}

export function openEndpoints({ log, ...listeners }: Listeners & { log: Log }): Endpoints {
  const open = new Map<string, LocalServer>();
  /** The last failure of each address, so that it is logged once. */
  const failures = new Map<string, string>();
  let work = Promise.resolve();
  const update = async (wanted: ReadonlyMap<string, Endpoint>) => {
    for (const [name, server] of open) {
      if (wanted.has(name) && (await server.isReachable())) continue;
      open.delete(name);
      await server.close();
    }
    for (const [name, { at, answer }] of wanted) {
      if (open.has(name)) continue;
      try {
        open.set(name, await openLocalServer(at, answer));
        failures.delete(name);
      } catch (error) {
        const message = `cannot answer at ${name}: ${error instanceof Error ? error.message : String(error)}`;
        if (failures.get(name) !== message) {
          log({ level: "warn", event: "cannot-listen", code: "K9044", message });
        }
        failures.set(name, message);
      }
    }
  };
  /** Updates one after the other. An agent that cannot answer still keeps its node. */
  const enqueue = (wanted: ReadonlyMap<string, Endpoint>) => {
    work = work
      .then(async () => update(wanted))
      .catch((error: unknown) => {
        log({ level: "error", event: "cannot-listen", code: "K9044", message: String(error) });
      });
    return work;
  };
  return {
    keep: (setting) => void enqueue(listEndpoints(setting, listeners)),
    close: async () => enqueue(new Map()),
  };
}

function listEndpoints({ stateDir, monitor }: WatchSetting, listeners: Listeners): Map<string, Endpoint> {
  const control = `${stateDir}/agent.sock`;
  const { socket, port } = monitor ?? {};
  return new Map<string, Endpoint>([
    // Only its owner may request a round. Before the first round the folder is not there yet.
    [control, { at: { socket: control, mode: 0o600, isFolderOwn: true }, answer: listeners.control }],
    // Everybody who can enter the socket's folder may read it, as everybody on the machine may read the port.
    ...(socket === undefined
      ? []
      : [[socket, { at: { socket, mode: 0o666 }, answer: listeners.monitor }] as const]),
    ...(port === undefined ? [] : [[`port ${port}`, { at: { port }, answer: listeners.monitor }] as const]),
  ]);
}
