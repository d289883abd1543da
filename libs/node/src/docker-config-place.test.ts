import { expect, test } from "vitest";

import { dockerConfigPlace } from "./docker-config-place.ts";

test.each([
  [
    "agent.yaml",
    "/etc/keelson/docker.json",
    { DOCKER_CONFIG: "/d", HOME: "/h" },
    "/etc/keelson/docker.json",
    true,
  ],
  ["DOCKER_CONFIG", undefined, { DOCKER_CONFIG: "/d", HOME: "/h" }, "/d/config.json", false],
  ["the home", undefined, { DOCKER_CONFIG: "", HOME: "/h" }, "/h/.docker/config.json", false],
])("the logins are where %s says", (_who, dockerConfig, environment, configFile, isNamed) => {
  const config = dockerConfig === undefined ? {} : { dockerConfig };
  expect(dockerConfigPlace(config, environment)).toEqual({ configFile, isNamed });
});

test("without agent.yaml they are where docker login puts them", () => {
  const { configFile, isNamed } = dockerConfigPlace(null, {});
  expect(configFile).toMatch(/^\/.*\/\.docker\/config\.json$/);
  expect(isNamed).toBe(false);
});
