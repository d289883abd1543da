import { describe, expect, it } from "vitest";

import { isReady } from "../node-status.ts";
import { useNode } from "../platform.ts";

const token = "t0ken of th3 door";
const release = `
-- release.yaml --
secrets: { token: {} }
-- packages/web/package.yaml --
files:
  - { template: token.liquid, to: app/token, onChange: none }
-- packages/web/token.liquid --
{{ secrets.token }}
-- packages/web/compose.yaml --
services:
  # Well, until somebody takes its page away: it says then what it was given.
  app:
    image: IMAGES/app:1
    init: true
    volumes: ["./app:/etc/app:ro"]
    healthcheck:
      test: [CMD-SHELL, "test -e /www/index.html || { echo no page for $$(cat /etc/app/token); exit 1; }"]
      interval: 1s
      timeout: 5s
      retries: 1
  # Well, until somebody tells it to go.
  loop:
    image: IMAGES/app:1
    restart: always
    command: [sh, -c, "while ! test -e /gone; do sleep 0.1; done; echo somebody told it to go; exit 4"]
`;

const crashing = `
-- packages/web/compose.yaml --
services:
  # Lives two seconds the first time, and then for ever.
  app:
    image: IMAGES/app:1
    init: true
    restart: always
    command: [sh, -c, "test -e /again && exec sleep 100000; touch /again; sleep 2; echo no database; exit 4"]
`;

describe("a service that its engine has restarted", () => {
  const node = useNode({ release: crashing });
  const inspect = async () =>
    node()
      .docker.getContainer((await node().container("web/app")).id)
      .inspect();

  it("must not be called ready while it runs again, until it has run for ten times as long", async () => {
    const { agent } = node();
    const isTold = async () => (await node().status()).errors.some(({ code }) => code === "K3041");
    await agent.until("the error", isTold);
    // After 10 s the container counts as running, and the error stays.
    await agent.until("its run", async () => {
      const [service] = (await node().status()).instances[0]?.services ?? [];
      return service?.state === "running";
    });
    const running = await node().status();
    expect(isReady(running)).toBe(false);
    expect(running.instances[0]?.services).toMatchObject([{ health: "unhealthy" }]);
    expect(running.errors).toMatchObject([
      { code: "K3041", message: expect.stringContaining("keeps restarting"), outcome: "waiting" },
    ]);
    await node().untilReady();
    const { observedAt, errors } = await node().status();
    expect(errors).toEqual([]);
    expect(agent.triggers().at(-1)).toBe("settled");
    const { Created: createdAt, State: state } = await inspect();
    const lifeMs = Date.parse(state.FinishedAt) - Date.parse(createdAt);
    expect(Date.parse(observedAt) - Date.parse(state.StartedAt)).toBeGreaterThanOrEqual(10 * lifeMs);
  });
});

describe("a service that becomes unwell while there is nothing to do", () => {
  const node = useNode({ release, secrets: { app: { token } } });
  const errors = async () =>
    (await node().status()).errors.map(({ code, resource, message, outcome }) => ({
      code,
      resource,
      message,
      outcome,
    }));
  const name = (service: string) => `${node().project("web")}-${service}-1`;
  const resource = (service: string) => `service:${node().project("web")}/${service}`;

  it("must be told with the last output of its check, for as long as it is so, and cost no rounds", async () => {
    await node().untilReady();
    await node().exec("web/app", "mv", "/www/index.html", "/www/away");
    await node().agent.until("the error", async () => !isReady(await node().status()));
    const expected = [
      {
        code: "K3040",
        resource: resource("app"),
        message: `${name("app")} is unhealthy: no page for ***`,
        outcome: "waiting",
      },
    ];
    expect(await errors()).toEqual(expected);
    await node().agent.until("the monitor", async () => !(await node().isCalledReady()));
    const { errors: first } = await node().status();
    await node().agent.until("the report", async () => !isReady((await node().report()).status));
    expect((await node().report()).status.errors).toEqual(first);
    await node().rests();
    // It is the same error since then, and stays.
    expect((await node().status()).errors).toEqual(first);
    expect((await node().status()).operation?.failed).toBe(0);
  });

  it("must be over as soon as it is well again", async () => {
    await node().exec("web/app", "mv", "/www/away", "/www/index.html");
    await node().agent.until("its health", async () => isReady(await node().status()));
    expect(await errors()).toEqual([]);
  });

  it("must be told with its exit code and its last words when it ends again and again", async () => {
    await node().exec("web/loop", "touch", "/gone");
    await node().agent.until("the error", async () => (await errors()).length > 0);
    await node().agent.until("its next end", async () => {
      const [error] = await errors();
      return error?.message.includes("restart") === true;
    });
    expect(await errors()).toEqual([
      {
        code: "K3041",
        resource: resource("loop"),
        message: expect.stringMatching(
          `^${name("loop")} keeps restarting, last with exit code 4, \\d+ restarts? so far: .*somebody told it to go$`,
        ),
        outcome: "waiting",
      },
    ]);
    const shown = await node().keelson(["status", "--local", "--config", node().config]);
    expect(shown.exitCode).toBe(1);
    expect(shown.stdout).toContain("somebody told it to go");
    expect(shown.stdout + JSON.stringify(await node().status())).not.toContain("th3");
  });
});
