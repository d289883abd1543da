import { describe, expect, it } from "vitest";

import { findProjects, projectFiles } from "./found-project.ts";
import { filesOf } from "./test-files.ts";

const find = (texts: Record<string, string>) => findProjects(filesOf(texts), Object.keys(texts));
const compose = "services: { app: { image: app:1 } }\n";

describe("the Compose projects of a repository", () => {
  it("must be found wherever Compose would find a file, and nowhere else", () => {
    const listed = [
      ".env",
      "apps/a/compose.yaml",
      "apps/b/.env",
      "apps/b/prod.yml",
      "apps/b/config.toml",
      "releases/app/1.0.0/packages/web/compose.yaml",
      "environments/home/compose/a.yaml",
      "node_modules/x/compose.yaml",
      ".github/compose.yaml",
    ];
    const all = [".env", "apps/a/compose.yaml", "apps/b/.env", "apps/b/prod.yml"];
    expect(projectFiles(listed, [])).toEqual(all);
    expect(projectFiles(listed, ["apps/a"])).toEqual(["apps/a/compose.yaml"]);
    const projects = find({
      "apps/a/compose.yaml": compose,
      "apps/b/.env": "COMPOSE_FILE=prod.yml\n",
      "apps/b/prod.yml": compose,
      "apps/c/.env": "A=b\n",
      "apps/d/values.yaml": "a: b\n",
      "docker-compose.yml": compose,
    });
    expect(projects.map(({ folder, composeFiles }) => [folder, composeFiles])).toEqual([
      ["", ["docker-compose.yml"]],
      ["apps/a", ["compose.yaml"]],
      ["apps/b", ["prod.yml"]],
    ]);
  });

  it("must have the names that Compose gives them, and instances that are all different", () => {
    const projects = find({
      "home/wiki/compose.yaml": compose,
      "work/wiki/compose.yaml": `name: wiki-\${SITE:-work}\n${compose}`,
      "work/My_App/compose.yaml": compose,
      "work/named/compose.yaml": `name: edge\n${compose}`,
      "work/named/.env": "COMPOSE_PROJECT_NAME=other\n",
      "work/unknown/compose.yaml": `name: \${NOBODY}\n${compose}`,
    });
    expect(projects.map(({ folder, instance, project }) => [folder, instance, project])).toEqual([
      ["home/wiki", "wiki", "wiki"],
      ["work/My_App", "my-app", "my_app"],
      ["work/named", "named", "other"],
      ["work/unknown", "unknown", null],
      ["work/wiki", "work-wiki", "wiki-work"],
    ]);
  });
});
