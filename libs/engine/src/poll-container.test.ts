import { labels } from "@keelson/model";
import { expect, test } from "vitest";

import { parseContainers } from "./poll-container.ts";

const entry = (fields: object) => ({
  Id: "a1",
  Names: ["/lab-core-web-1"],
  State: "running",
  Status: "Up 2 hours",
  Labels: { [labels.digest]: "d1" },
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
  expect(parseContainers([entry({ Status, State })])).toEqual([
    { id: "a1", name: "lab-core-web-1", state: State, health, exitCode, digest: "d1" },
  ]);
});

test("the field for health (API 1.52) goes before the text", () => {
  const fields = { Status: "Up 2 hours (Paused)", State: "paused", Health: { Status: "unhealthy" } };
  expect(parseContainers([entry(fields)])).toMatchObject([{ health: "unhealthy" }]);
});

test("links, missing labels and one-off containers", () => {
  expect(parseContainers([entry({ Names: ["/other/alias", "/own"], Labels: null })])).toMatchObject([
    { name: "own", digest: "" },
  ]);
  expect(parseContainers([entry({ Labels: { "com.docker.compose.oneoff": "True" } })])).toEqual([]);
});

test.each([[null], [{}], [[{}]], [[entry({ State: "levitating" })]], [[entry({ Id: 1 })]], [["x"]]])(
  "%j is K3009 and not an absence",
  (answer: unknown) => {
    expect(() => parseContainers(answer)).toThrow(
      expect.objectContaining({ code: "K3009", transient: true }),
    );
  },
);
