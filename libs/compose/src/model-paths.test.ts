import { describe, expect, it } from "vitest";

import { findText, relativePaths } from "./model-paths.ts";

const folders = { project: "/tmp/k$1/repository/apps/wiki", repository: "/tmp/k$1/repository" };
const at = (path: string) => `/tmp/k$$1/repository/apps/wiki/${path}`;

describe("relativePaths", () => {
  it("must rewrite binds, secrets and configs, and nothing else", () => {
    const model = {
      services: {
        app: {
          image: "app",
          volumes: [
            { type: "bind", source: at("core/a"), target: "/a" },
            { type: "bind", source: "/etc", target: "/b" },
            { type: "volume", source: "data", target: "/c" },
          ],
        },
      },
      secrets: { s: { file: at("core/s") } },
      configs: { c: { file: at("core/c") } },
    };
    expect(relativePaths(model, folders)).toEqual({
      services: {
        app: {
          image: "app",
          volumes: [
            { type: "bind", source: "core/a", target: "/a" },
            { type: "bind", source: "/etc", target: "/b" },
            { type: "volume", source: "data", target: "/c" },
          ],
        },
      },
      secrets: { s: { file: "core/s" } },
      configs: { c: { file: "core/c" } },
    });
  });

  it("must say where a source lies from the project's folder, also above it", () => {
    const sources = [
      at("."),
      at("a"),
      "/tmp/k$$1/repository/common/ca",
      "/tmp/k$$1/repository",
      "/tmp/k$$1/repo",
    ];
    const volumes = sources.map((source) => ({
      type: "bind",
      source: source.replace(/\/\.$/, ""),
      target: "/t",
    }));
    const found = relativePaths({ services: { app: { volumes } } }, folders);
    expect(JSON.stringify(found).match(/(?<="source":")[^"]*/g)).toEqual([
      ".",
      "a",
      "../../common/ca",
      "../..",
      "/tmp/k$$1/repo",
    ]);
  });

  it.each(["env_file", "label_file"])("must leave out %s, which Compose has read", (key) => {
    const model = { services: { app: { image: "app", [key]: [at("a.env")] } } };
    expect(relativePaths(model, folders)).toEqual({ services: { app: { image: "app" } } });
  });
});

describe("findText", () => {
  it.each([
    { model: { services: { app: { environment: { A: at("x") } } } }, place: "services.app.environment.A" },
    { model: { services: { app: { labels: { [at("x")]: "" } } } }, place: "services.app.labels" },
    { model: { services: { app: { dns: ["1.1.1.1", at("x")] } } }, place: "services.app.dns.1" },
  ])("must name the place $place", ({ model, place }) => {
    const found = [...findText("/tmp/k$$1", { value: model })];
    expect(found.map((path) => path.join("."))).toEqual([place]);
  });
});
