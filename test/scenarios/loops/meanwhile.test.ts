import { beforeAll, describe, expect, it } from "vitest";

import { useNode } from "../platform.ts";

const release = `
-- packages/web/compose.yaml --
services:
  one: { image: "IMAGES/app:1", init: true }
  two: { image: "IMAGES/app:1", init: true }
`;

describe("what stops while a round repairs something else", () => {
  const node = useNode({ release });
  const areUp = async () => {
    const found = await node().containers();
    return found.length === 2 && found.every(({ state }) => state === "running");
  };

  beforeAll(async () => void (await node().settles("both", areUp)));

  it("must be repaired by that round or one that follows at once, and not when failures are tried again", async () => {
    const before = await node().containers();
    /** Seconds until the next try, each time it was told. */
    const waits = () =>
      [
        ...node()
          .agent.log()
          .matchAll(/next try in (\d+) s/g),
      ].map(([, text]) => Number(text));
    const [plans, told] = [node().agent.count("planned"), waits().length];
    await node().stop("web/one");
    await node().agent.until("the plan", () => node().agent.count("planned") > plans);
    // The round now starts it, and waits whether it stays up.
    await node().stop("web/two");
    const after = await node().settles("both again", areUp);
    expect(
      waits()
        .slice(told)
        .filter((seconds) => seconds > 0),
    ).toEqual([]);
    expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
  });
});
