import { describe, expect, it } from "vitest";
import { waitFor } from "../../support/index.ts";
import { usePlatform } from "../platform.ts";
import type { Round } from "../platform.ts";
import { composeFile } from "../releases.ts";
import { expectFault, expectReady } from "./outcome.ts";
import { conditionOf } from "../node-status.ts";

// Without a network: what stops and starts a private engine need not have one.
const release = `
-- packages/web/package.yaml --
update: { trial: 5m }
-- packages/web/compose.yaml --
services:
  api:
    image: IMAGES/api:1
    network_mode: none
    volumes: [data:/data]
    healthcheck:
      test: [CMD, test, -e, /data/id]
      interval: 1s
      retries: 1000
  front:
    image: IMAGES/front:1
    network_mode: none
    depends_on: { api: { condition: service_healthy } }
volumes:
  data:
`;

describe("an engine that goes away", () => {
  const platform = usePlatform({ release, engine: "own" });

  it("must end a round in which a service is waited for, with everything unknown", async () => {
    const round = platform().startRound();
    await waitFor(async () => (await platform().container("web/api")).state === "running", {
      what: "the service that is waited for",
    });
    await platform().engine().stop();
    const ended = await round.ended;
    expectUnknown(ended);
    expect(ended.status.operation).toMatchObject({ failed: 1 });
  });

  it("must do nothing while the engine is away", async () => {
    const round = await platform().reconcile();
    expectUnknown(round);
    expect(round.worked).toBe(false);
  });

  it("must come to the same end when it is back", async () => {
    await platform().engine().start();
    const round = platform().startRound();
    await waitFor(async () => platform().exec("web/api", "sh", "-c", "echo kept > /data/id"), {
      what: "the container to run again",
    });
    const done = await round.ended;
    expect(await platform().exec("web/api", "cat", "/data/id")).toBe("kept\n");
    await expectSettled();
    expectReady(done);
  });

  it("must recreate nothing after a kill in the middle of an upgrade but what that upgrade changes", async () => {
    const api = await platform().container("web/api");
    await platform().upgrade({
      [composeFile]: (text) => text.replace(platform().image("front:1"), "IMAGES/front:2"),
    });
    const round = platform().startRound();
    await waitFor(() => round.output().includes("front"), { what: "the plan" });
    await platform().engine().kill();
    const killed = await round.ended;
    expect(killed.exitCode).toBe(1);
    expect(conditionOf(killed.status, "Ready")).toBe("false");
    await platform().engine().start();
    // An engine killed in mid-start never starts that container again: then a first round takes it away.
    const first = await platform().reconcile();
    const later = first.exitCode === 0 ? first : await platform().reconcile();
    await expectSettled();
    expect((await platform().container("web/api")).id).toBe(api.id);
    expect((await platform().container("web/front")).image).toBe(platform().image("front:2"));
    expectReady(later);
  });

  function expectUnknown(round: Round): void {
    expectFault(round, { code: "K3001", says: "no Docker engine answers" });
    expect(conditionOf(round.status, "Healthy")).toBe("unknown");
    expect(round.status.instances).toMatchObject([
      { name: "web", state: "unknown", sync: "unknown", health: "unknown" },
    ]);
    expect(round.status.source).toMatchObject({ applied: "" });
  }

  /** One container for each service, with its proper name, and the data. */
  async function expectSettled(): Promise<void> {
    expect((await platform().containers()).map(({ name, state }) => [name, state])).toEqual([
      [`${platform().project("web")}-api-1`, "running"],
      [`${platform().project("web")}-front-1`, "running"],
    ]);
    expect(await platform().exec("web/api", "cat", "/data/id")).toBe("kept\n");
  }
});
