import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { outputOf, waitFor } from "../../support/index.ts";
import { usePlatform } from "../platform.ts";
import { type LookedAt, lookAt } from "./looked-at.ts";

const looping = `
-- packages/web/package.yaml --
update: { trial: 2s }
-- packages/web/compose.yaml --
services:
  crashing: { image: "IMAGES/app:1", command: [sh, -c, "exit 1"], restart: always }
  falling:
    image: IMAGES/app:1
    command: [sh, -c, "sleep 2; exit 1"]
    restart: always
  checked:
    image: IMAGES/app:1
    command: [sh, -c, "exit 1"]
    restart: always
    healthcheck: { test: [CMD, "true"], interval: 1s, timeout: 1s, retries: 1 }
  # Healthy and not, two seconds each.
  flapping:
    image: IMAGES/app:1
    init: true
    healthcheck: { test: [CMD-SHELL, "test $$(( $$(date +%s) / 2 % 2 )) = 0"], interval: 1s, timeout: 1s, retries: 1 }
  calm: { image: "IMAGES/app:1", init: true }
`;

describe("containers that do not settle", () => {
  const platform = usePlatform({ release: looping, agent: { interval: "1s" } });
  let looked: LookedAt;

  beforeAll(() => {
    looked = lookAt(platform());
  });
  afterAll(async () => looked[Symbol.asyncDispose]());

  it("must not ask for rounds again and again, and be unhealthy all the time", async () => {
    const rounds = () => looked.rounds();
    const isQuiet = async () => {
      const before = rounds();
      await looked.looks(6);
      return before > 0 && rounds() === before;
    };
    await looked.agent().until("a rest", isQuiet);
    expect(rounds()).toBeLessThan(12);
    const { conditions, instances } = await looked.status();
    expect(conditions).toContainEqual(expect.objectContaining({ type: "Ready", status: "false" }));
    expect(conditions).toContainEqual(expect.objectContaining({ type: "Healthy", status: "false" }));
    const steady = instances[0]?.services.filter(({ name }) => name !== "flapping");
    expect(steady?.map(({ name, health }) => `${name} ${health}`)).toEqual([
      "calm healthy",
      "checked unhealthy",
      "crashing unhealthy",
      "falling unhealthy",
    ]);
  });

  it("must not keep another one from being repaired at once, time and again", async () => {
    const repaired = async () => {
      const { id, startedAt } = await platform().container("web/calm");
      await platform().docker.getContainer(id).kill();
      const isRepaired = async () => {
        const now = await platform().container("web/calm");
        const isUp = now.state === "running" && now.startedAt !== startedAt;
        return (
          isUp || Promise.reject(new Error(`not yet; the agent said\n${looked.agent().log().slice(-4_000)}`))
        );
      };
      return waitFor(isRepaired, { what: "the repair" });
    };
    expect([await repaired(), await repaired(), await repaired()]).toEqual([true, true, true]);
  });

  it("must not fill the repository with reports", async () => {
    const { environment, node, server } = platform();
    const place = `refs/notes/keelson/${environment}/${node}`;
    const refs = await outputOf(["git", "ls-remote", server.url("platform"), place]);
    expect(refs).toContain(place);
    await platform().repository.git("fetch", "--quiet", "origin", `${place}:${place}`);
    const reports = Number(await platform().repository.git("rev-list", "--count", place));
    expect(reports).toBeLessThanOrEqual(5);
  });
});

const failing = `
-- packages/web/compose.yaml --
services:
  job: { image: "IMAGES/app:1", command: [sh, -c, "exit 1"], restart: "no" }
  after:
    image: IMAGES/app:1
    init: true
    depends_on: { migrate: { condition: service_completed_successfully } }
  migrate: { image: "IMAGES/app:1", command: [sh, -c, "exit 1"] }
  calm: { image: "IMAGES/app:1", init: true }
`;

describe("a one-shot that fails", () => {
  const platform = usePlatform({ release: failing, agent: { interval: "1s" } });
  let looked: LookedAt;

  beforeAll(() => {
    looked = lookAt(platform());
  });
  afterAll(async () => looked[Symbol.asyncDispose]());

  it("must be reported and tried again after longer and longer waits, and not in between", async () => {
    await looked.agent().until("three waits", () => looked.waits().length >= 3);
    const [first = 0, second = 0, third = 0] = looked.waits();
    expect(first).toBeGreaterThanOrEqual(1);
    expect([second > first, third > second]).toEqual([true, true]);
    expect(looked.rounds()).toBe(3);
    const { errors } = await looked.status();
    expect(errors.map(({ code, resource }) => `${code} ${resource.split("/")[1]}`).sort()).toEqual([
      "K3006 job",
      "K3006 migrate",
    ]);
    expect(await platform().container("web/after")).toMatchObject({ state: "created" });
    expect(await platform().container("web/calm")).toMatchObject({ state: "running" });
  });

  it("must be over when a commit mends it", async () => {
    const { id } = await platform().container("web/calm");
    await platform().upgrade({
      "packages/web/compose.yaml": (text) => text.replaceAll("exit 1", "exit 0"),
    });
    const isOver = async () => (await platform().container("web/after")).state === "running";
    await looked.settles("all of it", isOver);
    expect((await looked.status()).errors).toEqual([]);
    expect((await platform().container("web/calm")).id).toBe(id);
  });
});
