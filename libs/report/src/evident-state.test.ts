import type { InstanceEvidence, InstanceStatus } from "@keelson/model";
import { expect, test } from "vitest";

import { judgeState } from "./evident-state.ts";

const nothing = { containers: [], told: null, filesFolder: null, folders: [], volumes: [] };
const told = (state: InstanceStatus["state"]): InstanceStatus => ({
  name: "web",
  package: "app/web",
  version: "1.0.0",
  state,
  sync: "in-sync",
  health: "healthy",
  services: [],
});
const containers = (...states: ("running" | "exited")[]): InstanceEvidence["containers"] =>
  states.map((state) => ({ id: "c", name: "web", service: "web", image: "i", imageId: "s", state }));

test.each<[string, Partial<Parameters<typeof judgeState>[0]>, ReturnType<typeof judgeState>]>([
  ["nothing is known", {}, null],
  ["one container runs", { told: told("running"), containers: containers("exited", "running") }, "running"],
  ["none runs", { told: told("running"), containers: containers("exited") }, "installed"],
  ["none is there, and the rest was seen", { told: told("staged") }, "staged"],
  ["none is there any more", { told: told("running") }, "absent"],
  ["nothing desires it, and a volume is left", { volumes: [{ name: "v", isUsed: false }] }, "removed"],
  ["nothing desires it, and a folder is left", { folders: [{ path: "/d", isUsed: false }] }, "removed"],
  ["nothing desires it, and files are left", { filesFolder: "/f" }, "removed"],
  ["the last round called it removed", { told: told("removed"), filesFolder: "/f" }, "removed"],
  ["it was removed, and the rest went by hand", { told: told("removed") }, null],
  ["nothing desires it, and it runs", { containers: containers("running") }, "running"],
  ["the engine cannot be asked", { told: told("running"), containers: null }, "unknown"],
  ["the engine cannot be asked, and data is left", { containers: null, filesFolder: "/f" }, "unknown"],
  ["the engine cannot be asked, and nothing is known", { containers: null }, null],
  ["it was given back", { told: told("released"), containers: containers("running") }, "released"],
])("the state when %s", (_, evidence, state) => {
  expect(judgeState({ ...nothing, ...evidence })).toBe(state);
});
