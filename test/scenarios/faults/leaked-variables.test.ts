import { describe, expect, it } from "vitest";
import { sharedEngineHost } from "../../support/index.ts";
import { usePlatform } from "../platform.ts";
import { startForeign } from "./foreign-container.ts";
import { expectReady, expectUntouched } from "./outcome.ts";

const release = `
-- packages/web/compose.yaml --
services:
  web:
    image: IMAGES/web:1
    hostname: first
`;

const compose = "packages/web/compose.yaml";

/** What a shell, a unit file or a CI job may have set. */
const leaked = {
  COMPOSE_REMOVE_ORPHANS: "1",
  COMPOSE_IGNORE_ORPHANS: "0",
  COMPOSE_FILE: "/nonexistent/compose.yaml",
  COMPOSE_PROJECT_NAME: "somebody-else",
  COMPOSE_PROFILES: "*",
  COMPOSE_ENV_FILES: "/nonexistent/env",
  COMPOSE_PATH_SEPARATOR: "/",
  COMPOSE_DISABLE_ENV_FILE: "0",
  COMPOSE_EXPERIMENTAL_GIT_REMOTE: "1",
  DOCKER_HOST: "unix:///nonexistent/docker.sock",
  DOCKER_CONTEXT: "somebody-else",
  DOCKER_CONFIG: "/nonexistent",
  DOCKER_API_VERSION: "1.1",
  DOCKER_DEFAULT_PLATFORM: "linux/s390x",
};

describe("variables that leaked into the agent's environment", () => {
  const platform = usePlatform({ release, agent: { dockerHost: sharedEngineHost() } });

  it("must change nothing of what is made, and remove nothing", async () => {
    const plain = await platform().reconcile();
    expectReady(plain);
    const before = await platform().container("web/web");
    // Compose takes it for an orphan: a container of the project that no service of the file explains.
    const orphan = await startForeign(platform(), {
      name: "orphan",
      image: "web:1",
      labels: { ...composeLabelsOf(before.labels), "com.docker.compose.service": "orphan" },
    });
    const all = await platform().containers();
    const quiet = await platform().reconcile({ env: leaked });
    await expectUntouched(platform(), all);
    expectReady(quiet);
    expect(quiet.status.desiredDigest).toBe(plain.status.desiredDigest);

    await platform().upgrade({ [compose]: (text) => text.replace("hostname: first", "hostname: second") });
    const round = await platform().reconcile({ env: leaked });
    const after = await platform().container("web/web");
    expect(after.id).not.toBe(before.id);
    expect((await platform().container("web/orphan")).id).toBe(orphan);
    expect((await platform().exec("web/web", "hostname")).trim()).toBe("second");
    expectReady(round);
    const later = await platform().reconcile();
    expect(later.output).toContain("nothing to do");
    expect(await platform().container("web/web")).toEqual(after);
  });
});

function composeLabelsOf(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).filter(([name]) => name.startsWith("com.docker.compose.")),
  );
}
