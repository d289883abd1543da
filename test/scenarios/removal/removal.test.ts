import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findLeftovers } from "../../support/index.ts";
import { type EventWatch, watchEvents } from "../engine-events.ts";
import { compareContainers } from "../fates.ts";
import { usePlatform } from "../platform.ts";
import { wantInstances } from "../repository-text.ts";

const release = `
-- packages/store/package.yaml --
provides: { store: 1.0.0 }
-- packages/store/compose.yaml --
services:
  database:
    image: IMAGES/database:1
    volumes: ["data:/data"]
    networks: [offered]
networks: { offered: {} }
volumes: { data: {} }
-- packages/web/package.yaml --
requires: { store: ^1.0.0 }
variables: { STORE: '{{ requires["store"].project }}_offered' }
-- packages/web/compose.yaml --
services:
  front: { image: "IMAGES/front:1", networks: [store], depends_on: [back] }
  back: { image: "IMAGES/back:1", networks: [store] }
networks: { store: { external: true, name: "\${STORE}" } }
-- packages/other/compose.yaml --
services:
  app: { image: "IMAGES/other:1" }
`;
const instances = {
  store: { package: "app/store" },
  web: { package: "app/web" },
  other: { package: "app/other" },
};

describe("what is no longer desired", () => {
  const platform = usePlatform({ release });
  let watch: EventWatch;
  beforeAll(async () => {
    watch = await watchEvents(platform().docker, platform().environment);
  });
  afterAll(() => watch[Symbol.dispose]());

  it("must lose one service and keep the others as they are", async () => {
    expect((await platform().reconcile()).exitCode).toBe(0);
    await platform().exec("store/database", "sh", "-c", "echo kept > /data/note");
    const before = await platform().containers();
    await platform().upgrade({
      "packages/web/compose.yaml": (text) =>
        text.replace(", depends_on: [back]", "").replace(/^ {2}back:.*\n/m, ""),
    });
    const round = await platform().reconcile();
    expect(compareContainers(before, await platform().containers())).toEqual({ "web/back": "removed" });
    expect(round.exitCode).toBe(0);
  });

  it("must lose an instance with its networks, and keep its volume", async () => {
    const before = await platform().containers();
    await want(["other"], { allowMassRemoval: true });
    const since = new Date();
    const round = await platform().reconcile();
    expect(compareContainers(before, await platform().containers())).toEqual({
      "store/database": "removed",
      "web/front": "removed",
    });
    expect(await findLeftovers(platform().docker, platform().project("store"))).toEqual({
      containers: [],
      networks: [],
      volumes: [`${platform().project("store")}_data`],
    });
    expect(await events(since, ["destroy"])).toEqual(["destroy web/front", "destroy store/database"]);
    expect(round.exitCode).toBe(0);
    expect(round.status.instances.map(({ name, state }) => [name, state])).toEqual([
      ["other", "running"],
      // Its volume is left.
      ["store", "removed"],
    ]);
  });

  it("must find its data when it is desired again", async () => {
    const before = await platform().containers();
    await want(["store", "web", "other"]);
    const since = new Date();
    const round = await platform().reconcile();
    expect(compareContainers(before, await platform().containers())).toEqual({
      "store/database": "created",
      "web/front": "created",
    });
    expect(await platform().exec("store/database", "cat", "/data/note")).toBe("kept\n");
    expect(await events(since, ["start"])).toEqual(["start store/database", "start web/front"]);
    expect(round.exitCode).toBe(0);
  });

  it("must not go when it is most of the node and nobody said that this is meant", async () => {
    const before = await platform().containers();
    await want(["other"]);
    const round = await platform().reconcile();
    expect(await platform().containers()).toEqual(before);
    expect(round.exitCode).toBe(1);
    expect(round.status.errors).toContainEqual(
      expect.objectContaining({ hint: expect.stringContaining("allowMassRemoval") }),
    );
    expect(round.status.source.applied).not.toBe(round.status.source.observed);
  });

  /** Says in environment and lock which instances there are. */
  async function want(names: (keyof typeof instances)[], policy: object = {}): Promise<void> {
    const wanted = Object.fromEntries(names.map((name) => [name, instances[name]]));
    await platform().push(wantInstances(platform(), wanted, { policy, version: "1.0.1" }));
  }

  async function events(since: Date, actions: string[]): Promise<string[]> {
    return watch.list(actions, since);
  }
});
