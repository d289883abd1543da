import { type Json, isJsonObject, isOff } from "@keelson/model";

import { normalPath } from "./host-path.ts";
import { textOf } from "./kernel.ts";
import type { Asked, HostReach } from "./host-reach.ts";

const graphics: Asked = { kind: "gpus", value: "true" };

/** K1403: devices of the host. */
export const deviceReaches: readonly HostReach[] = [
  {
    at: "services.*.devices.*?",
    code: "K1403",
    message: ({ value }) => `the container reaches the device ${value} of the host`,
    asks: ({ value }) => askDevice(sourceOf(value)),
  },
  ...["services.*.gpus", "services.*.deploy.resources.reservations.devices"].map((at): HostReach => ({
    at,
    code: "K1403",
    message: () => "the container reaches graphics processors of the host",
    asks: ({ value }) => (isOff(value) ? [] : [graphics, ...namedDevices(value)]),
  })),
];

function askDevice(source: string): Asked[] {
  if (isGraphicsName(source)) return [graphics];
  return [{ kind: "devices", value: source.startsWith("/") ? normalPath(source) : source }];
}

/** Those that a reservation names, but for graphics processors, which it names by number or by `vendor.com/gpu=0`. */
function namedDevices(reservations: Json): Asked[] {
  const ids = (Array.isArray(reservations) ? reservations : []).flatMap((entry) =>
    isJsonObject(entry) && Array.isArray(entry["device_ids"]) ? entry["device_ids"].map(textOf) : [],
  );
  return ids
    .filter((id) => id.includes("=") && !isGraphicsName(id))
    .map((value) => ({ kind: "devices", value }));
}

/** The host's side of `HOST[:CONTAINER[:PERMISSIONS]]`, or of the long form. */
function sourceOf(device: Json): string {
  if (isJsonObject(device)) return textOf(device["source"] ?? null);
  const [source = ""] = textOf(device).split(":");
  return source;
}

/** `vendor.com/gpu=0`, by which engines name devices that their vendor describes (Container Device Interface). */
function isGraphicsName(source: string): boolean {
  return /^[\w.-]+\/gpu=[\w.:-]+$/.test(source);
}
