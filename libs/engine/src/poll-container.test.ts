import { labels } from "@keelson/model";
import { expect, test } from "vitest";

import { parseContainers } from "./poll-container.ts";

const entry = (fields: object) => ({
  Id: "a1",
  Names: ["/lab-core-web-1"],
  State: "running",
  Status: "Up 2 hours",
  Labels: { [labels.environment]: "lab", [labels.digest]: "d1" },
  NetworkSettings: { Networks: { "lab-core_inner": {}, "lab-core_default": {} } },
  ...fields,
});

test.each([
  ["Up 2 hours", "running", "none", null],
  ["Up 2 hours (healthy)", "running", "healthy", null],
  ["Up Less than a second (unhealthy)", "running", "unhealthy", null],
  ["Up 3 seconds (health: starting)", "running", "starting", null],
  ["Up 2 hours (Paused)", "paused", "none", null],
  ["Exited (137) 2 hours ago", "exited", "none", 137],
  ["Exited (0) Less than a second ago", "exited", "none", 0],
  ["Restarting (1) 3 seconds ago", "restarting", "none", 1],
  ["Created", "created", "none", null],
  ["Dead", "dead", "none", null],
  ["", "exited", "none", null],
])("the text %j of a container that is %s", (Status, State, health, exitCode) => {
  const [found] = parseContainers([entry({ Status, State })], { environment: "lab" });
  const networks = ["lab-core_default", "lab-core_inner"];
  expect(found).toMatchObject({ id: "a1", name: "lab-core-web-1", digest: "d1", networks });
  expect(found).toMatchObject({ state: State, health, exitCode });
});

test("the field for health (API 1.52) goes before the text", () => {
  const fields = { Status: "Up 2 hours (Paused)", State: "paused", Health: { Status: "unhealthy" } };
  expect(parseContainers([entry(fields)], { environment: "lab" })).toMatchObject([{ health: "unhealthy" }]);
});

test("links, and missing labels", () => {
  const fields = { Names: ["/other/alias", "/lab-own"], Labels: null, NetworkSettings: null };
  expect(parseContainers([entry(fields)], { environment: "lab" })).toMatchObject([
    { name: "lab-own", digest: "", networks: [] },
  ]);
});

const oneOff = { "com.docker.compose.oneoff": "True" };
test.each([
  ["a label", "x", { [labels.environment]: "lab" }, true],
  ["the label of another", "lab-core-web-1", { [labels.environment]: "lab-2" }, false],
  ["a name", "lab-core-web-1", {}, true],
  ["the name of an interrupted replacement", "0123456789ab_lab-core-web-1", {}, true],
  ["a Compose project", "x", { "com.docker.compose.project": "lab-core" }, true],
  ["a one-off run", "lab-core-web-run-1", { [labels.environment]: "lab", ...oneOff }, false],
  ["nothing", "lablab-core-web-1", { "com.docker.compose.project": "core" }, false],
])("by %s a container concerns an environment, or not", (_by, name, all, isOfConcern) => {
  const fields = { Names: [`/${name}`], Labels: all };
  expect(parseContainers([entry(fields)], { environment: "lab" })).toHaveLength(isOfConcern ? 1 : 0);
});

test.each([[null], [{}], [[{}]], [[entry({ State: "levitating" })]], [[entry({ Id: 1 })]], [["x"]]])(
  "%j is K3009 and not an absence",
  (answer: unknown) => {
    expect(() => parseContainers(answer, { environment: "lab" })).toThrow(
      expect.objectContaining({ code: "K3009", transient: true }),
    );
  },
);
