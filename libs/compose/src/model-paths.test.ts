import { describe, expect, it } from "vitest";

import { findText, relativePaths } from "./model-paths.ts";

const folders = { project: "/tmp/k$1/project" };
const at = (path: string) => `/tmp/k$$1/project/${path}`;

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
