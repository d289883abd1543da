import { rm } from "node:fs/promises";

import { beforeAll, describe, expect, it } from "vitest";

import { runAgent } from "../../support/index.ts";
import { type Round, usePlatform } from "../platform.ts";
import { startStaying } from "./staying-agent.ts";

const release = `
-- packages/web/compose.yaml --
services:
  web:
    image: IMAGES/web:1
    init: true
    stop_grace_period: 1s
`;
const compose = "packages/web/compose.yaml";

const isReady = ({ status }: Round) =>
  status.conditions.some(({ type, status: is }) => type === "Ready" && is === "true");

describe("a branch that does not go forward", () => {
  const platform = usePlatform({ release, agent: { interval: "1s" } });
  let first: string;
  let second: string;

  const image = async () => (await platform().container("web/web")).image.split(":").at(-1);
  const rewind = async (to: string) => {
    await platform().repository.reset(to);
    await platform().repository.push({ force: true });
  };
  const accept = async (revision: string) => runAgent(["accept", revision, "--config", platform().config]);

  beforeAll(async () => {
    first = await platform().repository.head();
    await platform().reconcile();
    second = await platform().upgrade({
      [compose]: (text) => text.replace(platform().image("web:1"), "IMAGES/web:2"),
    });
    await platform().reconcile();
  });

  it("must not be accepted while nothing is refused", async () => {
    expect((await accept(second)).stderr).toContain("K9063");
    expect((await accept(first)).stderr).toContain("K9061");
  });

  it("must not be followed when it was rewound; what runs is kept as it was", async () => {
    expect(await image()).toBe("2");
    const before = await platform().containers();
    await rewind(first);
    const round = await platform().reconcile();
    expect(round.exitCode).toBe(1);
    expect(round.status.errors).toMatchObject([{ code: "K2016", outcome: "stalled" }]);
    expect(round.status.source).toMatchObject({ observed: first, attempted: second, applied: second });
    const stalled = round.status.conditions.find(({ type }) => type === "Stalled");
    expect(stalled).toMatchObject({ status: "true", reason: "K2016" });
    expect(await platform().containers()).toEqual(before);
  });

  it("must not keep the node from being repaired by the last revision", async () => {
    const { id } = await platform().container("web/web");
    await platform().docker.getContainer(id).stop({ t: 0 });
    const round = await platform().reconcile();
    expect(round.status.errors).toMatchObject([{ code: "K2016" }]);
    expect(await platform().container("web/web")).toMatchObject({ id, state: "running" });
  });

  it("must not be followed by a node that has lost its state: its own report says how far it was", async () => {
    await rm(platform().stateDir, { recursive: true });
    const round = await platform().reconcile();
    expect(round.status.errors).toMatchObject([{ code: "K2016" }]);
    expect(await image()).toBe("2");
  });

  it("must be followed once a human accepts the commit on the node, and go on from there", async () => {
    expect((await accept("not-a-commit")).stderr).toContain("K9061");
    const accepted = await accept(first);
    expect(accepted).toMatchObject({ exitCode: 0 });
    expect(accepted.stdout).toContain(`accepted ${first}`);
    const round = await platform().reconcile();
    expect(isReady(round)).toBe(true);
    expect(round.status.source.applied).toBe(first);
    expect(await image()).toBe("1");

    const next = await platform().push({ note: "1" });
    expect((await platform().reconcile()).status.source.applied).toBe(next);
  });

  it("must be refused again when it is forced to another history, also under the agent that stays", async () => {
    await using agent = startStaying(platform().config);
    const good = await platform().repository.head();
    await agent.until("the first round", () => agent.events().includes("round-ended"));
    await platform().repository.reset(first);
    const forced = await platform().commit({ note: "another" });
    await platform().repository.push({ force: true });
    await agent.until("the refusal", () => agent.log().includes("K2016"));
    // It is looked at again and again, and asks for no round.
    const [rounds, looks] = [
      agent.events().filter((name) => name === "round-began").length,
      platform().server.requests.length,
    ];
    await agent.until("more looks", () => platform().server.requests.length >= looks + 4);
    expect(agent.events().filter((name) => name === "round-began").length).toBe(rounds);

    const accepted = await accept(forced.slice(0, 10));
    expect(accepted).toMatchObject({ exitCode: 0, stdout: `accepted ${forced}\nfollowed\n` });
    expect(good).not.toBe(forced);
    const status = await platform().keelson(["status", "--local", "--config", platform().config, "--json"]);
    expect(JSON.parse(status.stdout)).toMatchObject({ source: { applied: forced }, errors: [] });
  });
});
