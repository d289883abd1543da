import { rm } from "node:fs/promises";

import { beforeAll, describe, expect, it } from "vitest";

import { runAgent } from "../../support/index.ts";
import { conditionOf, isReady, reasonOf } from "../node-status.ts";
import { stayOn, usePlatform } from "../platform.ts";
import { oneService, useImage } from "../releases.ts";

describe("a branch that does not go forward", () => {
  const platform = usePlatform({ release: oneService, monitor: {}, agent: { interval: "1s" } });
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
    second = await platform().upgrade(useImage("web:2"));
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
    expect(conditionOf(round.status, "Stalled")).toBe("true");
    expect(reasonOf(round.status, "Stalled")).toBe("K2016");
    expect(await platform().containers()).toEqual(before);
  });

  it("must not keep the node from being repaired by the last revision", async () => {
    const { id } = await platform().stop("web/web");
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
    expect(isReady(round.status)).toBe(true);
    expect(round.status.source.applied).toBe(first);
    expect(await image()).toBe("1");

    const next = await platform().push({ note: "1" });
    expect((await platform().reconcile()).status.source.applied).toBe(next);
  });

  it("must be refused again when it is forced to another history, also under the agent that stays", async () => {
    await using node = stayOn(platform());
    const good = await platform().repository.head();
    await node.agent.until("the first round", () => node.agent.events().includes("round-ended"));
    await platform().repository.reset(first);
    const forced = await platform().commit({ note: "another" });
    await platform().repository.push({ force: true });
    await node.agent.until("the refusal", () => node.agent.log().includes("K2016"));
    // It is looked at again and again, and asks for no round.
    await node.rests(4);

    const accepted = await accept(forced.slice(0, 10));
    expect(accepted).toMatchObject({ exitCode: 0, stdout: `accepted ${forced}\nfollowed\n` });
    expect(good).not.toBe(forced);
    const status = await platform().keelson(["status", "--local", "--config", platform().config, "--json"]);
    expect(JSON.parse(status.stdout)).toMatchObject({ source: { applied: forced }, errors: [] });
  });

  it("must be told not to be applied when the commit that a person accepts has a mistake", async () => {
    await using node = stayOn(platform());
    await node.agent.until("the first round", () => node.agent.events().includes("round-ended"));
    await platform().repository.reset(first);
    const broken = await platform().commit({
      [platform().paths.environment]: (text) => `${text}unknown: 1\n`,
    });
    await platform().repository.push({ force: true });
    await node.agent.until("the refusal", () => node.agent.log().includes("K2016"));
    expect(await accept(broken)).toMatchObject({
      exitCode: 1,
      stdout: `accepted ${broken}\nthe node is not ready; keelson status --local says why\n`,
    });
  });
});
