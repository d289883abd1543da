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
  {
    at: "services.*.device_cgroup_rules.*?",
    code: "K1403",
    message: ({ value }) => `the rule ${value} opens devices of the host by their number`,
    asks: ({ value }) => (isOff(value) ? [] : [{ kind: "deviceRules", value: deviceRuleOf(textOf(value)) }]),
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

/** `c 188:* rwm`: the kind of device, its numbers, and reading, writing, making in this order. */
export function deviceRuleOf(text: string): string {
  const [, type = "", major = "", minor = "", rights = ""] = devicePattern.exec(text) ?? [];
  if (type === "") return text;
  const given = ["r", "w", "m"].filter((right) => rights.includes(right));
  return `${type} ${numberOf(major)}:${numberOf(minor)} ${given.join("")}`;
}

/** Whether the engine can read a rule. */
export function isDeviceRule(text: string): boolean {
  return devicePattern.test(text);
}

const devicePattern = /^([abc]) (\d{1,9}|\*):(\d{1,9}|\*) ([rwm]{1,3})$/;

function numberOf(text: string): string {
  return text === "*" ? text : String(Number(text));
}
