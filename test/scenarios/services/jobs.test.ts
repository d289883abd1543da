import { describe, expect, it } from "vitest";

import { usePlatform } from "../platform.ts";

const release = `
-- packages/web/compose.yaml --
services:
  # What makes something ready for others, which nobody waits for.
  buckets: { image: "IMAGES/app:1", command: [sh, -c, "sleep 1; echo ready"] }
  quick: { image: "IMAGES/app:1", command: [hostname] }
  worker: { image: "IMAGES/app:1", init: true, restart: on-failure }
  after: { image: "IMAGES/app:1", init: true, restart: unless-stopped, depends_on: [quick] }
  last: { image: "IMAGES/app:1", command: [hostname], restart: on-failure, deploy: { restart_policy: { condition: none } } }
  first: { image: "IMAGES/app:1", init: true, restart: "no", deploy: { restart_policy: { condition: any } } }
`;
const compose = "packages/web/compose.yaml";
const manifest = "packages/web/package.yaml";

describe("jobs and servers", () => {
  const platform = usePlatform({ release });
  const policyOf = async (service: string) => {
    const { id } = await platform().container(`web/${service}`);
    const { HostConfig } = await platform().docker.getContainer(id).inspect();
    return HostConfig.RestartPolicy?.Name || "no";
  };
  const states = async () =>
    (await platform().containers()).map(({ service, state }) => `${service} ${state}`).sort();

  it("must come up, whether they end or not, without a wait for the end that nobody needs", async () => {
    const round = await platform().reconcile();
    expect(round.exitCode).toBe(0);
    expect(round.status.errors).toEqual([]);
    expect(await platform().container("web/worker")).toMatchObject({ state: "running" });
  });

  it("must be judged by the policy that Compose gives the engine", async () => {
    expect(await policyOf("buckets")).toBe("no");
    expect(await policyOf("worker")).toBe("on-failure");
    expect(await policyOf("last")).toBe("no");
    expect(await policyOf("first")).toBe("always");
  });

  it("must not be started again when they have ended with 0", async () => {
    const { id } = await platform().container("web/buckets");
    await platform().docker.getContainer(id).wait();
    const before = await platform().containers();
    const round = await platform().reconcile();
    expect(round.output).toContain("nothing to do");
    expect(round.exitCode).toBe(0);
    expect(round.status.instances[0]?.health).toBe("healthy");
    expect(await states()).toEqual([
      "after running",
      "buckets exited",
      "first running",
      "last exited",
      "quick exited",
      "worker running",
    ]);
    expect(await platform().containers()).toEqual(before);
  });

  it.each([
    ["package.yaml says so", { [manifest]: (text: string) => `${text}services: { quick: server }\n` }],
    [
      "it has a health check",
      {
        [manifest]: (text: string) => text.replace(/^services:.*\n/m, ""),
        [compose]: (text: string) =>
          text.replace("[hostname] }", '[hostname], healthcheck: { test: [CMD, "true"], interval: 1s } }'),
      },
    ],
  ])("must fail by an exit with 0 when they are servers: %s", async (_, changes) => {
    await platform().upgrade(changes);
    const round = await platform().reconcile();
    expect(round.exitCode).toBe(1);
    expect(round.status.errors.map(({ code, resource }) => `${code} ${resource}`)).toEqual([
      `K3010 service:${platform().project("web")}/quick`,
    ]);
    expect(round.status.instances[0]?.health).toBe("unhealthy");
    expect(await platform().container("web/worker")).toMatchObject({ state: "running" });
  });
});
