import type { FoundProject } from "@keelson/manifest";
import { describe, expect, it } from "vitest";

import { importedOf, judgeProjects } from "./judged-project.ts";
import type { RunningProject } from "./running-project.ts";

const found = (folder: string, project: string | null = folder.slice(5)): FoundProject => ({
  folder,
  instance: folder === "" ? "app" : folder.slice(5),
  project,
  composeFiles: ["compose.yaml"],
});

const running = (
  name: string,
  folder: string | null,
  other: Partial<RunningProject> = {},
): RunningProject => ({
  name,
  folder,
  knownBy: "path",
  isGone: false,
  namesake: null,
  workingDir: "",
  configFiles: [],
  containers: 1,
  stopped: 0,
  oneOffs: [],
  oldNames: [],
  binds: [],
  isManaged: false,
  ...other,
});

const judge = (projects: FoundProject[], engine: RunningProject[] = []) =>
  judgeProjects(projects, engine).map(({ instance, project, adopt, problem }) =>
    [instance, project, adopt ? "adopt" : "", problem?.code ?? ""].join(" ").trim(),
  );

describe("the instances of folders", () => {
  it("must be called as what runs from them", () => {
    const engine = [running("blue", "apps/web"), running("wiki", null), running("a", "apps/a")];
    expect(judge([found("apps/a"), found("apps/web"), found("apps/wiki")], engine)).toEqual([
      "a a adopt",
      "web blue adopt",
      "wiki wiki",
    ]);
  });

  it("must be several where several projects run from one folder, with names that nobody has", () => {
    const engine = ["web", "b", "a"].map((name) => running(name, "apps/web"));
    expect(judge([found("apps/a"), found("apps/web")], engine)).toEqual([
      "a a",
      "web web adopt",
      "b b adopt",
      "web-a a adopt",
    ]);
  });

  it("must not be taken over where nothing is to be had", () => {
    const engine = [
      running("web", "apps/web", { isManaged: true }),
      running("a", "apps/a", { containers: 0, oneOffs: ["a-once"] }),
    ];
    expect(judge([found("apps/a"), found("apps/web")], engine)).toEqual(["a a", "web web"]);
  });

  it("must be none at the top of the repository, nor without a usable name", () => {
    const projects = [
      found("", "top"),
      found("apps/a", null),
      found("apps/b", "no name"),
      found("apps/c", null),
    ];
    const judged = judgeProjects(projects, [running("c", "apps/c")]);
    expect(judged.map(({ problem }) => problem?.code)).toEqual(["K9096", "K9097", "K9097", undefined]);
    expect(judged.flatMap(importedOf)).toEqual([
      { folder: "apps/c", instance: "c", project: "c", adopt: true },
    ]);
  });
});
