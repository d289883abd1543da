import { composeLabels, labels } from "@keelson/model";
import { expect, test } from "vitest";

import { parseEvent } from "./poll-event.ts";

const line = (kind: string, fields: { id?: string; action?: string; attributes?: object }) =>
  JSON.stringify({
    Type: kind,
    Action: fields.action ?? "die",
    Actor: { ID: fields.id ?? "a1", Attributes: fields.attributes ?? {} },
  });

test("a container is of the environment by its label", () => {
  const attributes = { [labels.environment]: "lab", name: "lab-core-web-1" };
  const action = "health_status: unhealthy";
  expect(parseEvent(line("container", { action, attributes }), { environment: "lab" })).toEqual({
    kind: "container",
    isOthers: false,
    action: "health_status",
    id: "a1",
    name: "lab-core-web-1",
    service: "",
    containerId: null,
  });
  const composed = { ...attributes, [composeLabels.project]: "lab-core", [composeLabels.service]: "web" };
  expect(parseEvent(line("container", { attributes: composed }), { environment: "lab" })?.service).toBe(
    "lab-core/web",
  );
  expect(parseEvent(line("container", { action, attributes }), { environment: "lab-2" })).toBeNull();
  const oneOff = { ...attributes, "com.docker.compose.oneoff": "True" };
  expect(parseEvent(line("container", { action, attributes: oneOff }), { environment: "lab" })).toBeNull();
});

test("a container that stands in the way is so by its name, also by the one that it had", () => {
  const event = (attributes: object) =>
    parseEvent(line("container", { action: "rename", attributes }), { environment: "lab" });
  expect(event({ name: "lab-core-web-1" })).toMatchObject({ name: "lab-core-web-1" });
  expect(event({ name: "away", oldName: "/lab-core-web-1" })).toMatchObject({ name: "away" });
  expect(event({ name: "away", oldName: "/other" })).toBeNull();
});

test("networks and volumes are so by their names, for they have no labels here", () => {
  const attributes = { name: "lab-core_default", type: "bridge", container: "c" };
  const event = parseEvent(line("network", { action: "disconnect", attributes }), { environment: "lab" });
  expect(event).toMatchObject({ action: "disconnect", name: "lab-core_default", containerId: "c" });
  expect(parseEvent(line("network", { attributes }), { environment: "core" })).toBeNull();
  const volume = line("volume", { id: "lab-core_data", action: "destroy", attributes: { driver: "local" } });
  expect(parseEvent(volume, { environment: "lab" })).toMatchObject({
    kind: "volume",
    id: "lab-core_data",
    name: "lab-core_data",
  });
  expect(parseEvent(volume, { environment: "la" })).toMatchObject({ isOthers: true });
});

test("of others only that counts which frees or brings something", () => {
  const seen = (kind: string, action: string) =>
    parseEvent(line(kind, { id: "other", action, attributes: { name: "other" } }), { environment: "lab" });
  const brings = { container: "die", network: "destroy", volume: "destroy", image: "load" };
  for (const [kind, action] of Object.entries(brings)) {
    expect(seen(kind, action)).toMatchObject({ kind, action, id: "other", isOthers: true });
  }
  const others = { container: "start", network: "connect", volume: "mount", image: "untag" };
  expect(Object.entries(others).map(([kind, action]) => seen(kind, action))).toEqual([
    null,
    null,
    null,
    null,
  ]);
});

test("other kinds are nothing, and what is no JSON is K3009", () => {
  expect(parseEvent(line("plugin", { id: "lab-core" }), { environment: "lab" })).toBeNull();
  expect(parseEvent("null", { environment: "lab" })).toBeNull();
  expect(() => parseEvent("{", { environment: "lab" })).toThrow(expect.objectContaining({ code: "K3009" }));
});
