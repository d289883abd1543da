import type { RequestListener } from "node:http";

import { type LocalAddress, type LocalServer, openLocalServer } from "./local-server.ts";
import type { Log } from "./log-event.ts";
import type { WatchSetting } from "./round-summary.ts";

/** Where the watcher answers: to `keelson sync`, and to monitors where they are named. */
export interface Endpoints {
  /** Opens what is named and not open, closes what is not named any more. What fails is tried again the next time. */
  keep: (setting: WatchSetting) => void;
  close: () => Promise<void>;
}

interface Endpoint {
  at: LocalAddress;
  answer: RequestListener;
}

export function openEndpoints(on: {
  control: RequestListener;
  monitor: RequestListener;
  log: Log;
}): Endpoints {
  const open = new Map<string, LocalServer>();
  /** What each address failed with, so that it is said once. */
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
          on.log({ level: "warn", event: "cannot-listen", code: "K9044", message });
        }
        failures.set(name, message);
      }
    }
  };
  /** One at a time, in order. Not being asked is no reason to stop keeping the node. */
  const enqueue = (wanted: ReadonlyMap<string, Endpoint>) => {
    work = work
      .then(async () => update(wanted))
      .catch((error: unknown) => {
        on.log({ level: "error", event: "cannot-listen", code: "K9044", message: String(error) });
      });
    return work;
  };
  return {
    keep: (setting) => void enqueue(listEndpoints(setting, on)),
    close: async () => enqueue(new Map()),
  };
}

function listEndpoints(
  { stateDir, monitor }: WatchSetting,
  on: { control: RequestListener; monitor: RequestListener },
): Map<string, Endpoint> {
  const control = `${stateDir}/agent.sock`;
  const { socket, port } = monitor ?? {};
  return new Map<string, Endpoint>([
    // Only its owner may ask for a round. The first round ever has not made the folder yet.
    [control, { at: { socket: control, mode: 0o600, isFolderOwn: true }, answer: on.control }],
    // Its folder says who reaches it; a port has no such say.
    ...(socket === undefined ? [] : [[socket, { at: { socket, mode: 0o666 }, answer: on.monitor }] as const]),
    ...(port === undefined ? [] : [[`port ${port}`, { at: { port }, answer: on.monitor }] as const]),
  ]);
}
