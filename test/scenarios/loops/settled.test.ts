import { describe, expect, it } from "vitest";

import { compareContainers } from "../fates.ts";
import { isReady } from "../node-status.ts";
import { useNode } from "../platform.ts";

const release = `
-- packages/shots/compose.yaml --
services:
  job: { image: "IMAGES/app:1", command: [sh, -c, "hostname"] }
  prepare: { image: "IMAGES/app:1", command: [sh, -c, "hostname"] }
  app:
    image: IMAGES/app:1
    depends_on: { prepare: { condition: service_completed_successfully } }
-- packages/many/compose.yaml --
services:
  two: { image: "IMAGES/app:1", scale: 2 }
  none: { image: "IMAGES/app:1", deploy: { replicas: 0 } }
  nobody: { image: "IMAGES/app:1", scale: 0 }
-- packages/idle/compose.yaml --
services:
  app: { image: "IMAGES/app:1" }
-- packages/trio/compose.yaml --
services:
  a: { image: "IMAGES/app:1" }
  b: { image: "IMAGES/app:1" }
  c: { image: "IMAGES/app:1" }
-- packages/odd/compose.yaml --
services:
  job:
    image: IMAGES/app:1
    command: [sh, -c, "hostname"]
    restart: no
  app:
    image: IMAGES/app:1
    init: yes
    read_only: off
    labels: { example.number: 1.50, example.octal: 0o17, example.switch: true, example.nothing: , example.no: no }
    environment: { NUMBER: 1.50, BIG: 123456789012345678, EMPTY: "", SCIENCE: 1e3, NO: "no" }
    mem_limit: 64m
-- packages/pair/compose.yaml --
services:
  app: { image: "IMAGES/app:1", volumes: [/scratch] }
  side: { image: "IMAGES/app:1", environment: { PORT: "8081" }, network_mode: "service:app" }
  tail: { image: "IMAGES/app:1", volumes_from: [app] }
-- packages/hand/compose.yaml --
services:
  app: { image: "IMAGES/app:1", restart: unless-stopped, networks: [inner] }
  other: { image: "IMAGES/app:1", restart: always, networks: [inner] }
networks: { inner: {} }
`;
const packages = ["shots", "many", "idle", "trio", "odd", "pair", "hand"];
const instances = Object.fromEntries(
  packages.map((name) => [
    name,
    { package: `app/${name}`, ...(name === "idle" ? { state: "installed" } : {}) },
  ]),
);
describe("an agent that stays, with nothing left to do", () => {
  const node = useNode({ release, environment: { instances } });
  const handle = async (name: string) => node().docker.getContainer((await node().container(name)).id);
  const is = (name: string, state: string) => async () => (await node().container(name)).state === state;
  const isNodeReady = async () => isReady(await node().status());
  const operations = () => node().agent.count("operation-done", "operation-failed");
  /** What became of the node between two quiet times. */
  const fatesOf = async (acts: readonly (() => Promise<unknown>)[], check: () => Promise<boolean>) => {
    const before = await node().containers();
    await Promise.all(acts.map(async (act) => act()));
    return compareContainers(before, await node().settles("the repair", check));
  };
  const all =
    (...checks: readonly (() => Promise<boolean>)[]) =>
    async () =>
      (await Promise.all(checks.map(async (check) => check()))).every(Boolean);

  it("must leave alone what ended, what is to have no container, and what is not to run", async () => {
    const containers = await node().settles("all of it", isNodeReady);
    const prefix = `${node().environment}-`;
    expect(containers.map(({ name, state }) => `${name.slice(prefix.length)} ${state}`)).toEqual([
      "hand-app-1 running",
      "hand-other-1 running",
      "idle-app-1 created",
      "many-two-1 running",
      "many-two-2 running",
      "odd-app-1 running",
      "odd-job-1 exited",
      "pair-app-1 running",
      "pair-side-1 running",
      "pair-tail-1 running",
      "shots-app-1 running",
      "shots-job-1 exited",
      "shots-prepare-1 exited",
      "trio-a-1 running",
      "trio-b-1 running",
      "trio-c-1 running",
    ]);
  });

  it("must touch nothing when it comes back, and run no one-shot again", async () => {
    const before = await node().containers();
    await node().restartAgent();
    expect(await node().settles("its first round", isNodeReady)).toEqual(before);
    expect(operations()).toBe(0);
  });

  const inner = () => node().docker.getNetwork(`${node().project("hand")}_inner`);
  const two = async () => (await node().containers()).filter(({ service }) => service === "two");
  const areTwo = async () => (await two()).map(({ state }) => state).join(" ") === "running running";
  const sideReachesApp = async () => {
    const page = await node().exec("pair/side", "wget", "-q", "-O", "-", "http://127.0.0.1:8080/");
    return page === "app 1\n";
  };
  const isInNetwork = async () => Object.keys((await node().container("hand/app")).addresses).length === 1;
  const trio = async () => (await node().containers()).filter(({ project }) => project.endsWith("-trio"));
  const remove = (name: string) => async () => (await handle(name)).remove({ force: true });

  it("must put right exactly what somebody stopped, started, paused or removed", async () => {
    const [first, second] = await two();
    const fates = await fatesOf(
      [
        async () =>
          node()
            .docker.getContainer(second?.id ?? "")
            .kill(),
        async () => (await handle("idle/app")).start(),
        remove("trio/b"),
        async () => node().stop("hand/app"),
        async () => (await handle("hand/other")).pause(),
      ],
      all(
        areTwo,
        is("idle/app", "exited"),
        is("trio/b", "running"),
        is("hand/app", "running"),
        is("hand/other", "running"),
      ),
    );
    expect(fates).toEqual({
      "idle/app": "restarted",
      "trio/b": "recreated",
      "hand/app": "restarted",
    });
    expect((await two()).map(({ id }) => id)).toEqual([first?.id, second?.id]);
    expect((await two())[0]).toEqual(first);
  });

  it("must do so when a commit drops a service and wants another to run, too", async () => {
    const [first, second] = await two();
    const fates = await fatesOf(
      [
        async () =>
          node()
            .docker.getContainer(second?.id ?? "")
            .remove({ force: true }),
        remove("pair/app"),
        async () => (await handle("hand/other")).kill(),
        async () => {
          const { environment } = node().paths;
          await node().push({ [environment]: (text) => text.replace("installed", "running") });
          const drop = (text: string) => text.replace(/^ {2}c: .*\n/m, "");
          await node().upgrade({ "packages/trio/compose.yaml": drop });
        },
      ],
      all(
        areTwo,
        sideReachesApp,
        is("hand/other", "running"),
        is("idle/app", "running"),
        async () => (await trio()).length === 2,
      ),
    );
    expect(fates).toEqual({
      "idle/app": "restarted",
      "trio/c": "removed",
      "pair/app": "recreated",
      "pair/side": "recreated",
      "pair/tail": "recreated",
      "hand/other": "restarted",
    });
    expect((await two())[0]).toEqual(first);
  });

  it("must see what changes no state: a restart of what others live in, and a network that is left", async () => {
    const restart = async () => (await handle("pair/app")).restart({ t: 0 });
    expect(await fatesOf([restart], sideReachesApp)).toEqual({
      "pair/app": "restarted",
      "pair/side": "restarted",
      "pair/tail": "restarted",
    });
    const leave = async () => inner().disconnect({ Container: (await handle("hand/app")).id });
    expect(await fatesOf([leave], isInNetwork)).toEqual({});
  });

  it("must give its name back to what somebody renamed, without a restart", async () => {
    const container = await handle("hand/other");
    const { name, id, startedAt } = await node().container("hand/other");
    await container.rename({ name: `${name}-away` });
    const isNamed = async () => (await node().container("hand/other")).name === name;
    await node().agent.until("its name to be back", isNamed);
    await node().settles("the node", isNodeReady);
    expect(await node().container("hand/other")).toMatchObject({ id, startedAt });
  });
});
