import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { usePlatform } from "../platform.ts";
import { type LookedAt, lookAt } from "./looked-at.ts";

const release = `
-- packages/web/compose.yaml --
services:
  one: { image: "IMAGES/app:1", init: true }
  two: { image: "IMAGES/app:1", init: true }
`;

describe("what stops while a round repairs something else", () => {
  const platform = usePlatform({ release, agent: { interval: "1s" } });
  let looked: LookedAt;
  const areUp = async () => {
    const found = await platform().containers();
    return found.length === 2 && found.every(({ state }) => state === "running");
  };
  const stop = async (name: string) =>
    platform()
      .docker.getContainer((await platform().container(name)).id)
      .stop({ t: 0 });

  beforeAll(async () => {
    looked = lookAt(platform());
    await looked.settles("both", areUp);
  });
  afterAll(async () => looked[Symbol.asyncDispose]());

  it("must be repaired by that round or one that follows at once, and not when failures are tried again", async () => {
    const before = await platform().containers();
    const planned = () =>
      looked
        .agent()
        .events()
        .filter((name) => name === "planned").length;
    const [plans, waits] = [planned(), looked.waits().length];
    await stop("web/one");
    await looked.agent().until("the plan", () => planned() > plans);
    // The round now starts it, and waits whether it stays up.
    await stop("web/two");
    const after = await looked.settles("both again", areUp);
    expect(
      looked
        .waits()
        .slice(waits)
        .filter((seconds) => seconds > 0),
    ).toEqual([]);
    expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
  });
});
