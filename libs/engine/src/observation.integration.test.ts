import { once } from "node:events";
import { createServer } from "node:net";

import { type MountPlace, composeLabels, labels } from "@keelson/model";
import type Docker from "dockerode";
import { findFreePort, sharedEngine, startEngine, waitFor } from "@keelson/test/support";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import {
  awaitService,
  createContainers,
  createNetwork,
  createVolume,
  observeEngine,
  startService,
} from "./index.ts";
import { connectEngine } from "./engine.ts";
import { type TestBench, everything, makeTestBench, operationOf, ownerOf } from "./test-bench.ts";

let bench: TestBench;
beforeAll(async () => {
  bench = await makeTestBench(await sharedEngine());
});
afterAll(() => bench[Symbol.asyncDispose]());

const networkOf = (name: string) => ({ key: "default", name, digest: "n1", definition: {} });
const volumeOf = (name: string) => ({
  key: "data",
  name,
  digest: "v1",
  definition: {},
  format: 7,
  reads: null,
  generation: 2,
});
const observe = (request: Parameters<TestBench["observation"]>[0]) =>
  observeEngine(bench.context.engine, bench.observation(request));

/** An instance with a network, a volume, a bind and one healthy service that publishes a port. */
async function runInstance(instance: string): Promise<{ project: string; port: number }> {
  const project = bench.project(instance);
  const port = await findFreePort();
  const network = networkOf(`${project}_default`);
  const volume = volumeOf(`${project}_data`);
  await createNetwork(bench.context, operationOf("create-network", { instance, project, network }));
  await createVolume(bench.context, operationOf("create-volume", { instance, project, volume }));
  await bench.writeCompose(instance, {
    db: { command: ["sleep", "1000"] },
    web: {
      networks: { default: null },
      depends_on: { db: { condition: "service_started" } },
      ports: [{ target: 80, published: String(port), host_ip: "127.0.0.1" }],
      healthcheck: { test: ["CMD", "true"], interval: "100ms" },
      volumes: [
        { type: "bind", source: bench.folder.path, target: "/bound", read_only: true },
        { type: "bind", source: "/tmp", target: "/writable" },
        { type: "volume", source: "anonymous", target: "/data" },
        { type: "volume", target: "/scratch" },
        { type: "tmpfs", target: "/memory" },
      ],
      tmpfs: ["/fast:size=1m"],
    },
  });
  await addVolume(instance, { anonymous: { name: volume.name, external: true } });
  for (const service of ["db", "web"]) {
    await createContainers(
      bench.context,
      operationOf("create-containers", { instance, project, services: [service], force: false }),
    );
  }
  await startService(bench.context, operationOf("start-service", { instance, project, service: "web" }));
  await awaitService(
    bench.context,
    operationOf("await-service", {
      instance,
      project,
      service: "web",
      condition: "service_healthy",
      mayEnd: false,
      timeoutMs: 20_000,
    }),
  );
  return { project, port };
}

async function addVolume(instance: string, volumes: Record<string, unknown>): Promise<void> {
  const { readFile, writeFile } = await import("node:fs/promises");
  const path = bench.context.composeFileOf(instance);
  const model: unknown = JSON.parse(await readFile(path, "utf8"));
  await writeFile(path, JSON.stringify({ ...Object(model), volumes }));
}

test("what a container binds and joins is seen, also when nothing else of it is of interest", async () => {
  const docker = await sharedEngine();
  const source = bench.folder.path;
  const project = bench.project("joined");
  const network = networkOf(`${project}_default`);
  await createNetwork(bench.context, operationOf("create-network", { instance: "joined", project, network }));
  const Binds = [`${source}:/theirs:ro`, `${source}/theirs:/own`];
  const HostConfig = { Binds, NetworkMode: network.name };
  const container = await docker.createContainer({ Image: bench.image, Cmd: ["sleep", "1000"], HostConfig });
  try {
    await container.start();
    const observed = await observe({ projects: [bench.project("nobody")], networks: [network] });
    expect(observed.containers).toEqual([]);
    expect(observed.otherBinds).toContain(source);
    const networkId = observed.networks.find(({ name }) => name === network.name)?.id;
    const { Name: name } = await container.inspect();
    expect(observed.otherMembers).toContainEqual({ networkId, container: name.slice(1) });
    const written = observed.otherWritableBinds?.filter(({ container: of }) => of === name.slice(1));
    expect(written).toEqual([{ container: name.slice(1), path: `${source}/theirs` }]);
  } finally {
    await container.remove({ force: true });
    await docker.getNetwork(network.name).remove();
  }
});

test("what a container writes by a volume with o: bind is seen, whoever made it", async () => {
  const { docker } = bench;
  const project = bench.project("bound");
  const device = bench.folder.path;
  const volume = `${project}_outside`;
  const own = bench.serviceLabels("bound", "web");
  await docker.createVolume({ Name: volume, DriverOpts: { type: "none", o: "bind", device } });
  const make = async (suffix: string, { Labels = {}, ro = false }: { Labels?: object; ro?: boolean }) =>
    docker.createContainer({
      name: `${project}-${suffix}`,
      Image: bench.image,
      Labels: { ...Labels },
      HostConfig: {
        Mounts: [{ Type: "volume", Source: volume, Target: "/data", ReadOnly: ro }],
        NetworkMode: "none",
      },
    });
  const containers = await Promise.all([
    make("web-1", { Labels: own }),
    make("run-1", { Labels: { ...own, [composeLabels.oneOff]: "True" } }),
    make("person", {}),
    make("reader", { ro: true }),
  ]);
  try {
    const observed = await observe({ projects: [project], externalVolumes: [volume] });
    expect(observed.containers).toMatchObject([{ binds: [device], writableBinds: [device] }]);
    const written = observed.otherWritableBinds?.filter(({ container }) => container.startsWith(project));
    expect(written?.map(({ container, path }) => [container, path]).sort()).toEqual([
      [`${project}-person`, device],
      [`${project}-run-1`, device],
    ]);
    expect(observed.volumes.filter(({ name }) => name === volume)).toMatchObject([
      { ownership: "foreign", bound: { path: device, readOnly: false } },
    ]);
  } finally {
    await Promise.all(containers.map(async (each) => each.remove({ force: true })));
    await docker.getVolume(volume).remove();
  }
});

test("who may write a volume is seen, also of containers that are of no other interest", async () => {
  const { docker } = bench;
  const project = bench.project("writers");
  const volume = `${project}_data`;
  const own = { ...bench.serviceLabels("writers", "web"), [composeLabels.oneOff]: "True" };
  const make = async (suffix: string, { Labels = {}, ro = false }: { Labels?: object; ro?: boolean }) => {
    const mount = { Type: "volume" as const, Source: volume, Target: "/data", ReadOnly: ro };
    return docker.createContainer({
      name: `${project}-${suffix}`,
      Image: bench.image,
      Labels: { ...Labels },
      HostConfig: { Mounts: [mount], NetworkMode: "none" },
    });
  };
  const containers = await Promise.all([
    make("run-1", { Labels: own }),
    make("person", {}),
    make("reader", { ro: true }),
    make("stopped", {}),
  ]);
  try {
    await Promise.all(containers.slice(0, 3).map(async (each) => each.start()));
    await containers[1]?.pause();
    const { otherWriters = [] } = await observe({});
    const writers = otherWriters.filter(({ volumes }) => volumes.includes(volume));
    expect(writers.toSorted((a, b) => a.container.localeCompare(b.container))).toEqual([
      { container: `${project}-person`, project: "", volumes: [volume] },
      { container: `${project}-run-1`, project, volumes: [volume] },
    ]);
  } finally {
    await Promise.all(containers.map(async (each) => each.remove({ force: true })));
    await docker.getVolume(volume).remove();
  }
});

const place = (kind: MountPlace["kind"], path: string, more: Partial<MountPlace> = {}): MountPlace => ({
  path,
  kind,
  volume: "",
  subpath: "",
  readOnly: false,
  ...more,
});

test("every field of what runs is seen", async () => {
  const { project, port } = await runInstance("full");
  const published = { hostIp: "127.0.0.1", port, protocol: "tcp" };
  const observed = await observe({
    projects: [project],
    images: [bench.image, `${bench.environment}:missing`],
    networks: [networkOf(`${project}_default`)],
    volumes: [volumeOf(`${project}_data`), volumeOf(`${project}_missing`)],
    ports: [
      { project, service: "web", port: published },
      { project, service: "db", port: published },
    ],
  });
  const image = await bench.docker.getImage(bench.image).inspect();
  expect(observed.engineVersion).toMatch(/^\d+\./);
  expect(observed.images).toEqual({
    [bench.image]: { id: image.Id, digests: [], volumes: [] },
    [`${bench.environment}:missing`]: null,
  });
  const common = {
    ownership: "ours",
    project,
    instance: "full",
    digest: "d1",
    image: bench.image,
    imageId: image.Id,
    id: expect.stringMatching(/^[0-9a-f]{64}$/),
    exitCode: 0,
  };
  expect(observed.containers.toSorted((a, b) => a.name.localeCompare(b.name))).toEqual([
    {
      ...common,
      name: `${project}-db-1`,
      service: "db",
      number: 1,
      state: "created",
      health: "none",
      networks: [],
      endpoints: {},
      limits: {},
      binds: [],
      writableBinds: [],
      volumes: [],
      anonymousVolumes: [],
      places: [],
      startedAt: "",
    },
    {
      ...common,
      name: `${project}-web-1`,
      service: "web",
      number: 1,
      state: "running",
      health: "healthy",
      networks: [`${project}_default`],
      endpoints: {
        [`${project}_default`]: {
          names: expect.arrayContaining(["web", `${project}-web-1`]),
          fixedAddresses: [],
        },
      },
      limits: {},
      binds: ["/tmp", bench.folder.path],
      writableBinds: ["/tmp"],
      volumes: [`${project}_data`],
      anonymousVolumes: [expect.stringMatching(/^[0-9a-f]{64}$/)],
      places: [
        place("bind", "/bound", { readOnly: true, source: bench.folder.path }),
        place("volume", "/data", { volume: `${project}_data` }),
        place("memory", "/fast"),
        place("memory", "/memory"),
        place("anonymous", "/scratch", { volume: expect.stringMatching(/^[0-9a-f]{64}$/) }),
        place("bind", "/writable", { source: "/tmp" }),
      ],
      startedAt: expect.stringMatching(/^20\d\d-/),
    },
  ]);
  expect(observed.networks).toEqual([
    {
      id: expect.stringMatching(/^[0-9a-f]{64}$/),
      name: `${project}_default`,
      ownership: "ours",
      flaw: "",
      project,
      digest: "n1",
    },
  ]);
  expect(observed.volumes).toEqual([
    {
      name: `${project}_data`,
      ownership: "ours",
      flaw: "",
      project,
      digest: "v1",
      format: 7,

      generation: 2,
    },
  ]);
  // web itself may hold it; for any other service web stands in the way.
  expect(observed.heldPorts).toEqual([{ ...published, container: `${project}-web-1` }]);
});

test("what carries the environment's label is seen though nothing desires it", async () => {
  const { project } = await runInstance("gone");
  const observed = await observe({});
  const ofGone = (each: { project: string }) => each.project === project;
  expect(observed.containers.filter(ofGone).map(({ name }) => name)).toContain(`${project}-web-1`);
  expect(observed.networks.filter(ofGone).map(({ name }) => name)).toEqual([`${project}_default`]);
  expect(observed.volumes.filter(ofGone).map(({ name }) => name)).toEqual([`${project}_data`]);
  const others = await observeEngine(
    bench.context.engine,
    bench.observation({ environment: `${bench.environment}-other` }),
  );
  expect(others).toMatchObject({ containers: [], networks: [] });
});

test("a volume that this node made in another environment is seen, and is not that of this one", async () => {
  const { project } = await runInstance("elsewhere");
  const name = `${project}_data`;
  const environment = `${bench.environment}-other`;
  const observed = await observeEngine(
    bench.context.engine,
    bench.observation({ environment, volumes: [volumeOf(name)] }),
  );
  expect(observed.volumes.find((each) => each.name === name)).toMatchObject({
    ownership: "foreign",
    elsewhere: { environment: bench.environment, instance: "elsewhere" },
  });
  expect((await observe({})).volumes.find((each) => each.name === name)?.elsewhere).toBeUndefined();
});

test("a container without labels is seen when it has a name that one of a project's would get", async () => {
  const project = bench.project("named");
  const make = async (name: string) =>
    bench.docker.createContainer({ name, Image: bench.image, HostConfig: { NetworkMode: "none" } });
  const made = await Promise.all(
    [`${project}-web-1`, `${project}-web`, `${project}x-web-1`].map(async (name) => make(name)),
  );
  try {
    const { containers } = await observe({ projects: [project] });
    const found = containers.filter(({ name }) => name.startsWith(project));
    expect(found).toMatchObject([{ name: `${project}-web-1`, ownership: "foreign", project: "" }]);
  } finally {
    await Promise.all(made.map(async (container) => container.remove({ force: true })));
  }
});

test("a container that its engine has just restarted is restarting, also in the moments in which it runs", async () => {
  const name = `${bench.project("looping")}-web-1`;
  const made = await bench.docker.createContainer({
    name,
    Image: bench.image,
    Cmd: ["sh", "-c", "test -e /once && exec sleep 1000; touch /once; exit 1"],
    Labels: bench.serviceLabels("looping", "web"),
    HostConfig: { NetworkMode: "none", RestartPolicy: { Name: "always" } },
  });
  const stateOf = async () =>
    (await observe({})).containers.find((container) => container.name === name)?.state;
  try {
    await made.start();
    await waitFor(async () => (await made.inspect()).RestartCount > 0, { what: "the restart" });
    await waitFor(async () => (await made.inspect()).State.Status === "running", { what: "its run" });
    expect(await stateOf()).toBe("restarting");
    await made.restart({ t: 0 });
    expect(await stateOf()).toBe("running");
    expect((await observe({})).containers.find((each) => each.name === name)?.settlesInMs).toBeUndefined();
  } finally {
    await made.remove({ force: true });
  }
});

describe("why a container is not well", () => {
  const check = { Interval: 200_000_000, Timeout: 1_000_000_000, Retries: 1 };
  const made = async (instance: string, more: Docker.ContainerCreateOptions, labels?: object) => {
    const container = await bench.docker.createContainer({
      name: `${bench.project(instance)}-web-1`,
      Image: bench.image,
      Labels: { ...bench.serviceLabels(instance, "web"), ...labels },
      ...more,
      HostConfig: { NetworkMode: "none", ...more.HostConfig },
    });
    await container.start();
    return container;
  };
  const find = async (instance: string) => {
    const name = `${bench.project(instance)}-web-1`;
    return (await observe({})).containers.find((container) => container.name === name);
  };

  test("its check's last output is seen, without what rules a terminal", async () => {
    const test = ["CMD-SHELL", "printf '\\033[2Jno licence\\n'; exit 1"];
    await made("sick", { Cmd: ["sleep", "1000"], Healthcheck: { ...check, Test: test } });
    await waitFor(async () => (await find("sick"))?.health === "unhealthy", { what: "the check" });
    expect((await find("sick"))?.ailment).toEqual({ exitCode: null, restarts: 0, said: "no licence" });
  });

  test("its last output, exit code and restarts are seen, also while it runs in between", async () => {
    const script =
      "test $(wc -l < /runs) -gt 1 && exec sleep 1000; echo again >> /runs; echo no licence; exit 3";
    const Cmd = ["sh", "-c", `touch /runs; ${script}`];
    await made("again", { Cmd, HostConfig: { RestartPolicy: { Name: "always" } } });
    const container = bench.docker.getContainer(`${bench.project("again")}-web-1`);
    await waitFor(
      async () => {
        const { RestartCount, State } = await container.inspect();
        return RestartCount === 2 && State.Status === "running";
      },
      { what: "its run" },
    );
    const found = await find("again");
    expect(found).toMatchObject({ state: "restarting", ailment: { exitCode: 3, restarts: 2 } });
    expect(found?.ailment?.said).toBe("no licence\nno licence");
    expect(found?.settlesInMs).toBeGreaterThan(0);
  });

  test("nothing is read of one that is well, has done its work, or is not ours", async () => {
    await made("well", { Cmd: ["sleep", "1000"] });
    await made("done", { Cmd: ["true"] });
    await made("strange", { Cmd: ["false"] }, { "io.keelson.owner": "f".repeat(64) });
    await waitFor(async () => (await find("strange"))?.state === "exited", { what: "the end of one" });
    await waitFor(async () => (await find("done"))?.state === "exited", { what: "the end of the other" });
    for (const instance of ["well", "done", "strange"]) {
      expect(await find(instance)).toBeDefined();
      expect((await find(instance))?.ailment).toBeUndefined();
    }
  });
});

describe("how a container ended by itself", () => {
  const made = async (instance: string, more: Docker.ContainerCreateOptions) => {
    const container = await bench.docker.createContainer({
      name: `${bench.project(instance)}-web-1`,
      Image: bench.image,
      Labels: bench.serviceLabels(instance, "web"),
      ...more,
      HostConfig: { NetworkMode: "none", ...more.HostConfig },
    });
    await container.start();
    return container;
  };
  const crashOf = async (container: Docker.Container) => {
    const { Id: id } = await container.inspect();
    return (await observe({})).containers.find((each) => each.id === id)?.crash;
  };
  const ended = async (container: Docker.Container) => {
    await waitFor(async () => (await container.inspect()).State.Status === "exited", { what: "its end" });
    return (await container.inspect()).State;
  };
  /** Ends with this code as soon as it has a signal; once it was started again it does so at once. */
  const obeying = (code: number) => ["sh", "-c", `trap 'exit ${code}' TERM HUP; sleep 1000 & wait`];

  test("is its exit code and its time, also after somebody has started it again", async () => {
    const container = await made("crashing", {
      Cmd: ["sh", "-c", "test -e /again && exec sleep 1000; touch /again; exit 3"],
    });
    const { FinishedAt: at } = await ended(container);
    expect(await crashOf(container)).toEqual({ at, exitCode: 3 });
    await container.start();
    expect((await container.inspect()).State.Status).toBe("running");
    expect(await crashOf(container)).toEqual({ at, exitCode: 3 });
  });

  test("is told from a kill, a stop and a restart by somebody", async () => {
    const container = await made("told", { Cmd: obeying(3) });
    await container.kill();
    await ended(container);
    expect(await crashOf(container)).toBeUndefined();
    await container.start();
    await waitFor(async () => (await container.top()).Processes.length > 1, { what: "its trap" });
    await container.stop();
    expect((await ended(container)).ExitCode).toBe(3);
    expect(await crashOf(container)).toBeUndefined();
    await container.start();
    await waitFor(async () => (await container.top()).Processes.length > 1, { what: "its trap" });
    await container.restart();
    expect((await container.inspect()).State.Status).toBe("running");
    expect(await crashOf(container)).toBeUndefined();
    // A signal that tells it something else is no order to end.
    await waitFor(async () => (await container.top()).Processes.length > 1, { what: "its trap" });
    await container.kill({ signal: "HUP" });
    const { FinishedAt: at } = await ended(container);
    expect(await crashOf(container)).toEqual({ at, exitCode: 3 });
  });

  test("is none with code 0, and none where it could not even start", async () => {
    const done = await made("done-well", { Cmd: ["true"] });
    await ended(done);
    expect(await crashOf(done)).toBeUndefined();
    const unstartable = made("unstartable", { Cmd: ["/no/such/program"] });
    await expect(unstartable).rejects.toThrow("no such file");
    const name = `${bench.project("unstartable")}-web-1`;
    expect(await crashOf(bench.docker.getContainer(name))).toBeUndefined();
  });
});

describe("ownership", () => {
  async function container(name: string, all: Record<string, string>): Promise<string> {
    const full = `${bench.environment}-${name}`;
    await bench.docker.createContainer({ name: full, Image: bench.image, Labels: all });
    return full;
  }

  async function ownershipOf(
    name: string,
    project: string,
    request: Parameters<TestBench["observation"]>[0] = {},
  ): Promise<string | undefined> {
    const { containers } = await observe({ projects: [project], ...request });
    return containers.find((each) => each.name === name)?.ownership;
  }

  test("a container with Compose's labels only is foreign", async () => {
    const project = bench.project("foreign");
    const name = await container("foreign-web-1", {
      [composeLabels.project]: project,
      [composeLabels.service]: "web",
    });
    expect(await ownershipOf(name, project)).toBe("foreign");
  });

  test("an owner label that is not ours is forged", async () => {
    const project = bench.project("forged");
    const all = { ...bench.serviceLabels("forged", "web"), [labels.owner]: "f".repeat(64) };
    expect(await ownershipOf(await container("forged-web-1", all), project)).toBe("forged");
  });

  test("a copy of all labels that a killed round may have made is forged under another name", async () => {
    const project = bench.project("copied");
    const all = bench.serviceLabels("copied", "web");
    const killed = { madeHere: { ...everything, container: () => "unnoted" as const } };
    expect(await ownershipOf(await container("copied-web-1", all), project, killed)).toBe("ours");
    const other = await container("somebody", all);
    expect(await ownershipOf(other, project, killed)).toBe("forged");
    // What this node knows can have been renamed; and a Compose file can call it so.
    expect(await ownershipOf(other, project)).toBe("ours");
    const containerNames = new Map([[`${project}/web`, other]]);
    expect(await ownershipOf(other, project, { ...killed, containerNames })).toBe("ours");
  });

  test("the names of all other containers are told, and so are networks and volumes of others that are used", async () => {
    const name = await container("stranger", {});
    const network = await bench.docker.createNetwork({ Name: `${bench.environment}_proxy` });
    await bench.docker.createVolume({ Name: `${bench.environment}_archive` });
    try {
      const none = await observe({});
      expect(none.otherNames).toContain(name);
      expect(none.networks.map((each) => each.name)).not.toContain(`${bench.environment}_proxy`);
      const observed = await observe({
        externalNetworks: [`${bench.environment}_proxy`],
        externalVolumes: [`${bench.environment}_archive`, `${bench.environment}_gone`],
      });
      expect(observed.networks).toContainEqual(
        expect.objectContaining({ id: network.id, ownership: "foreign" }),
      );
      expect(observed.volumes).toContainEqual(
        expect.objectContaining({ name: `${bench.environment}_archive`, ownership: "foreign" }),
      );
    } finally {
      await network.remove();
      await bench.docker.getVolume(`${bench.environment}_archive`).remove();
    }
  });

  test("a network that this node made in another environment is foreign, and that is told", async () => {
    const name = `${bench.environment}_theirs`;
    const { id } = await bench.docker.createNetwork({
      Name: name,
      Labels: { [labels.owner]: ownerOf(`network:${name}`), [labels.environment]: "other" },
    });
    try {
      const { networks } = await observe({ networks: [networkOf(name)] });
      expect(networks).toContainEqual(
        expect.objectContaining({ id, ownership: "foreign", elsewhere: { environment: "other" } }),
      );
    } finally {
      await bench.docker.getNetwork(id).remove();
    }
  });

  test("labels copied to another service or project are forged", async () => {
    const project = bench.project("moved");
    const all = { ...bench.serviceLabels("moved", "web"), [composeLabels.service]: "db" };
    expect(await ownershipOf(await container("moved-db-1", all), project)).toBe("forged");
    const elsewhere = { ...bench.serviceLabels("moved", "web"), [composeLabels.project]: "other" };
    expect(await ownershipOf(await container("moved-x", elsewhere), project)).toBe("forged");
  });

  test("what an interrupted Compose left behind is ours", async () => {
    const project = bench.project("left");
    const all = bench.serviceLabels("left", "web");
    const { id } = await bench.docker.createContainer({
      name: `0123456789ab_${project}-web-1`,
      Image: bench.image,
      Labels: all,
    });
    try {
      expect(await ownershipOf(`0123456789ab_${project}-web-1`, project)).toBe("ours");
    } finally {
      await bench.docker.getContainer(id).remove({ force: true });
    }
  });

  test("one-off containers are nobody's business", async () => {
    const project = bench.project("run");
    const all = { ...bench.serviceLabels("run", "web"), [composeLabels.oneOff]: "True" };
    expect(await ownershipOf(await container("run-web-run-1", all), project)).toBeUndefined();
  });

  test("networks and volumes of a desired name are ours only with their own owner label", async () => {
    const name = `${bench.environment}_shared`;
    const { id } = await bench.docker.createNetwork({ Name: name });
    await bench.docker.createVolume({ Name: name, Labels: { [labels.owner]: ownerOf("volume:other") } });
    try {
      const observed = await observe({ networks: [networkOf(name)], volumes: [volumeOf(name)] });
      const network = {
        id,
        name,
        ownership: "foreign",
        flaw: "",
        project: "",
        digest: "",
        differs: "",
      };
      expect(observed.networks).toContainEqual(network);
      const volume = {
        name,
        ownership: "forged",
        flaw: "",
        project: "",
        digest: "",
        format: null,
        generation: 1,
      };
      expect(observed.volumes).toContainEqual(volume);
    } finally {
      await bench.docker.getNetwork(id).remove();
      await bench.docker.getVolume(name).remove();
    }
  });
});

test("a container that does not run has lost a network that was removed", async () => {
  const name = `${bench.environment}-net`;
  const network = await bench.docker.createNetwork({ Name: name });
  const { id } = await bench.docker.createContainer({
    name: `${bench.project("lost")}-web-1`,
    Image: bench.image,
    Labels: bench.serviceLabels("lost", "web"),
    HostConfig: { NetworkMode: name },
  });
  const networksOf = async () =>
    (await observe({ projects: [bench.project("lost")] })).containers.find((each) => each.id === id)
      ?.networks;
  expect(await networksOf()).toEqual([name]);
  await network.remove();
  expect(await networksOf()).toEqual([]);
  const again = await bench.docker.createNetwork({ Name: name });
  expect(await networksOf()).toEqual([name]);
  await bench.docker.getContainer(id).start();
  await bench.docker.getContainer(id).stop({ t: 0 });
  await again.remove();
  await bench.docker.createNetwork({ Name: name });
  expect(await networksOf()).toEqual([]);
});

test("a port that another program of the machine holds is seen", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = Object(server.address());
  const desired = { hostIp: "127.0.0.1", port, protocol: "tcp" };
  const ports = [{ project: "p", service: "s", port: desired }];
  try {
    expect((await observe({ ports })).heldPorts).toEqual([{ ...desired, container: null }]);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
  expect((await observe({ ports })).heldPorts).toEqual([]);
});

test("an image reference that the engine cannot read costs no other image its look, and leads nowhere", async () => {
  const { images } = await observe({ images: ["NOT/A:reference", bench.image] });
  expect(images).toEqual({
    "NOT/A:reference": null,
    [bench.image]: { id: expect.any(String), digests: [], volumes: [] },
  });
  await expect(observe({ images: ["../x"] })).rejects.toMatchObject({ code: "K3016" });
});

test("containers that vanish between the list and the look at them are not there any more", async () => {
  const project = bench.project("vanish");
  const ids = await Promise.all(
    Array.from({ length: 12 }, async (_, index) => {
      const { id } = await bench.docker.createContainer({
        name: `${project}-web-${index}`,
        Image: bench.image,
        Labels: bench.serviceLabels("vanish", "web"),
      });
      return id;
    }),
  );
  // Together with the removal, so that observations fall into it; each of them must succeed.
  const pending = new Set(ids);
  const removal = Promise.all(
    ids.map(async (id) => {
      await bench.docker.getContainer(id).remove({ force: true });
      pending.delete(id);
    }),
  );
  while (pending.size > 0) await observe({ projects: [project] });
  await removal;
  const { containers } = await observe({ projects: [project] });
  expect(containers.filter((each) => each.project === project)).toEqual([]);
});

test("an engine that is stopped is K3001, one that is back is seen again", async () => {
  await using own = await startEngine();
  const engine = connectEngine({ dockerHost: own.dockerHost, timeoutMs: 60_000 });
  const observeOwn = () => observeEngine(engine, bench.observation({ projects: ["p"], images: ["x:1"] }));
  expect(await observeOwn()).toMatchObject({ containers: [], images: { "x:1": null } });
  await own.stop();
  await expect(observeOwn()).rejects.toMatchObject({ code: "K3001", outcome: { kind: "transient" } });
  await own.start();
  expect(await observeOwn()).toMatchObject({ containers: [] });
});
