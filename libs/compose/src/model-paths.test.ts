import { InvariantError } from "@keelson/model";
import { describe, expect, it } from "vitest";

import { relativePaths } from "./model-paths.ts";

const folders = { root: "/tmp/k$1", project: "/tmp/k$1/project" };
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

  it.each([
    { services: { app: { environment: { A: at("x") } } } },
    { services: { app: { labels: { [at("x")]: "" } } } },
    { networks: { back: { driver_opts: { o: "/tmp/k$1/home" } } } },
  ])("must not let the temporary folder pass in %j", (model) => {
    expect(() => relativePaths(model, folders)).toThrow(InvariantError);
  });
});
