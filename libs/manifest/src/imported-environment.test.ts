import { describe, expect, it } from "vitest";

import { type ImportedProject, writeImported } from "./imported-environment.ts";

const project = (folder: string, other: Partial<ImportedProject> = {}): ImportedProject => {
  const base = folder.slice(folder.lastIndexOf("/") + 1);
  return { folder, instance: base, project: base, adopt: false, ...other };
};

const write = (
  projects: ImportedProject[],
  { leftOut = [], others = [] }: Partial<Record<string, string[]>> = {},
) =>
  writeImported({
    name: "home",
    projects,
    leftOut,
    listed: [
      ...projects.map(({ folder }) => `${folder}/compose.yaml`),
      ...leftOut.map((each) => `${each}/x`),
      ...others,
    ],
    networks: [],
    allow: {},
  });

describe("the environment of imported folders", () => {
  it("must find what lies beside one another, without what was left out", () => {
    expect(
      write([project("apps/a"), project("apps/b")], { leftOut: ["apps/c"], others: ["README.md"] }),
    ).toBe(
      `name: home
discover:
  - { path: apps/*, project: folder, except: [c] }
`,
    );
  });

  it("must list folders with others that are no projects, or that are alone", () => {
    expect(
      write([project("apps/a"), project("apps/b"), project("x/y")], { others: ["apps/docs/a.md"] }),
    ).toBe(
      `name: home
instances:
  a: { package: ./apps/a, project: a }
  b: { package: ./apps/b, project: b }
  y: { package: ./x/y, project: y }
`,
    );
  });

  it("must say what is special to a folder that is found", () => {
    const projects = [
      project("apps/a", { adopt: true }),
      project("apps/b", { project: "edge" }),
      project("apps/My_App", { instance: "my-app", project: "my_app" }),
      project("apps/wiki", { instance: "apps-wiki" }),
    ];
    expect(write(projects)).toBe(
      `name: home
discover:
  - { path: apps/*, project: folder, except: [wiki] }
instances:
  a: { package: ./apps/a, adopt: true }
  b: { package: ./apps/b, project: edge }
  my-app: { package: ./apps/My_App }
  apps-wiki: { package: ./apps/wiki, project: wiki }
`,
    );
  });

  it("must give each of several projects of one folder its own name", () => {
    const projects = [
      project("apps/a", { adopt: true }),
      project("apps/a", { instance: "b", project: "b", adopt: true }),
      project("apps/c"),
      project("apps/d", { instance: "x", project: "x", adopt: true }),
      project("apps/d", { instance: "y", project: "y", adopt: true }),
    ];
    expect(write(projects)).toBe(
      `name: home
discover:
  - { path: apps/*, project: folder, except: [d] }
instances:
  a: { package: ./apps/a, project: a, adopt: true }
  b: { package: ./apps/a, project: b, adopt: true }
  x: { package: ./apps/d, project: x, adopt: true }
  y: { package: ./apps/d, project: y, adopt: true }
`,
    );
  });

  it("must quote what YAML would read as something else", () => {
    const text = writeImported({
      name: "home",
      projects: [project("a,b/c: d", { instance: "d", project: "d" })],
      leftOut: [],
      listed: ["a,b/c: d/compose.yaml"],
      networks: ["proxy", "1"],
      allow: { "./a,b/c: d": { engineSocket: true, capabilities: ["NET_ADMIN"] } },
    });
    expect(text).toBe(
      `name: home
instances:
  d: { package: "./a,b/c: d", project: d }
networks:
  proxy:
  "1":
policy:
  allow:
    "./a,b/c: d": { engineSocket: true, capabilities: [NET_ADMIN] }
`,
    );
  });
});
