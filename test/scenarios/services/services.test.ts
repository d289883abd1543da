import { describe, expect, it } from "vitest";
import { compareContainers } from "../fates.ts";
import { usePlatform } from "../platform.ts";

const release = `
-- packages/web/package.yaml --
files: [{ template: app.conf, to: conf/app.conf, onChange: recreate }]
-- packages/web/app.conf --
first
-- packages/web/compose.yaml --
services:
  app: { image: "IMAGES/app:1", volumes: ["./conf:/etc/app:ro"] }
  # Lives in the network of app.
  side:
    image: IMAGES/side:1
    environment: { PORT: "8081" }
    network_mode: service:app
  follower:
    image: IMAGES/follower:1
    depends_on: { app: { condition: service_started, restart: true } }
  job: { image: "IMAGES/job:1", command: [sh, -c, "hostname"], restart: "no", depends_on: [app] }
  many: { image: "IMAGES/many:1", scale: 2 }
`;
const compose = "packages/web/compose.yaml";

describe("services", () => {
  // Its only instance is stopped and staged, which is all that the node runs.
  const environment = { policy: { requireDigests: false, allowMassRemoval: true } };
  const platform = usePlatform({ release, environment });

  it("must come up as they are declared, and stay so", async () => {
    const round = await platform().reconcile();
    expect(await names()).toEqual([
      "app-1 running",
      "follower-1 running",
      "job-1 exited",
      "many-1 running",
      "many-2 running",
      "side-1 running",
    ]);
    await expectSideToReachApp();
    expect(round.exitCode).toBe(0);
    expect((await platform().reconcile()).output).toContain("nothing to do");
  });

  it("must follow the one whose network they live in, or on which they depend with restart", async () => {
    const before = await oneEach();
    await platform().upgrade({ "packages/web/app.conf": "second\n" });
    const round = await platform().reconcile();
    expect(compareContainers(before, await oneEach())).toEqual({
      "web/app": "recreated",
      "web/side": "recreated",
      "web/follower": "restarted",
    });
    await expectSideToReachApp();
    expect(round.exitCode).toBe(0);
  });

  it("must not be left in a dead network when somebody restarts the one that they live in", async () => {
    await platform()
      .docker.getContainer((await platform().container("web/app")).id)
      .restart({ t: 0 });
    const before = await oneEach();
    const round = await platform().reconcile();
    expect(compareContainers(before, await oneEach())).toEqual({ "web/side": "restarted" });
    await expectSideToReachApp();
    expect(round.exitCode).toBe(0);
  });

  it("must become more or fewer without a touch of those that stay", async () => {
    const many = async () => (await platform().containers()).filter(({ service }) => service === "many");
    const before = await many();
    await platform().upgrade({ [compose]: (text) => text.replace("scale: 2", "scale: 3") });
    expect((await platform().reconcile()).exitCode).toBe(0);
    const more = await many();
    expect(more.map(({ state }) => state)).toEqual(["running", "running", "running"]);
    expect(more.slice(0, 2)).toEqual(before);

    await platform().upgrade({ [compose]: (text) => text.replace("scale: 3", "scale: 1") });
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect(await many()).toEqual(before.slice(0, 1));
    expect((await platform().reconcile()).output).toContain("nothing to do");
  });

  it.each([
    { state: "installed", containers: ["exited"], reported: "installed" },
    { state: "staged", containers: [], reported: "staged" },
    { state: "installed", containers: ["created"], reported: "installed" },
    { state: "running", containers: ["exited", "running"], reported: "running" },
    { state: "absent", containers: [], reported: undefined },
  ])("must be $state when their instance is to be $state", async ({ state, containers, reported }) => {
    await platform().push({
      [platform().paths.environment]: (text) =>
        text.replace(
          /^( +)package: app\/web\n(?: +state: .*\n)?/m,
          `$1package: app/web\n$1state: ${state}\n`,
        ),
    });
    const round = await platform().reconcile();
    const states = [...new Set((await platform().containers()).map((each) => each.state))].sort();
    expect(states).toEqual(containers);
    expect(round.exitCode).toBe(0);
    expect(round.status.instances[0]?.state).toBe(reported);
  });

  async function names(): Promise<string[]> {
    const prefix = `${platform().project("web")}-`;
    return (await platform().containers()).map(({ name, state }) => `${name.replace(prefix, "")} ${state}`);
  }

  /** Without the service that has more than one. */
  async function oneEach() {
    return (await platform().containers()).filter(({ service }) => service !== "many");
  }

  async function expectSideToReachApp(): Promise<void> {
    const wget = ["wget", "-q", "-O", "-", "http://127.0.0.1:8080/"];
    expect(await platform().exec("web/side", ...wget)).toBe("app 1\n");
  }
});
