import type { AdoptableContainer, DesiredInstance, DesiredNode, ObservedContainer } from "@keelson/model";
import { dataToken, emptyRecord } from "@keelson/model";
import { describe, expect, it } from "vitest";

import { type InstanceSketch, node } from "./desired-fixture.ts";
import { applied, changed } from "./node-fixture.ts";
import { planOf as planWith, planText as textWith } from "./plan-fixture.ts";
import { lockedTo } from "./service-fixture.ts";
import { simulate } from "./simulate.ts";
import type { SimulatedNode } from "./simulated-node.ts";

const sketch: InstanceSketch = {
  services: { app: { volumes: ["data"] }, db: { volumes: ["store"] } },
  volumes: { data: "d", store: "s" },
};

/** With the model that Compose would make of it. */
function desiredOf(instances: Record<string, InstanceSketch>, adopt = true): DesiredNode {
  const desired = node(instances);
  return { ...desired, instances: desired.instances.map((each) => withModel(each, adopt)) };
}

function withModel(instance: DesiredInstance, adopt: boolean): DesiredInstance {
  const byKey = (resources: readonly { key: string; name: string }[]) =>
    Object.fromEntries(resources.map(({ key, name }) => [key, { name, external: true }]));
  return {
    ...instance,
    ...(adopt ? { adopt: true } : {}),
    compose: {
      ...instance.compose,
      networks: byKey(instance.networks),
      volumes: byKey(instance.volumes),
      services: Object.fromEntries(
        instance.services.map(({ name, image, places }) => [
          name,
          {
            image,
            networks: Object.fromEntries(instance.networks.map(({ key }) => [key, null])),
            volumes: places.map(({ path, volume }) => ({
              type: "volume",
              source: instance.volumes.find((each) => each.name === volume)?.key ?? "",
              target: path,
            })),
          },
        ]),
      ),
    },
  };
}

/** What somebody else has made of the same Compose files, on a node that knows nothing of it. */
function runningOf(desired: DesiredNode): SimulatedNode {
  const { observed } = applied(desired);
  const containers = observed.containers.map((each) => ({
    ...each,
    ownership: "foreign" as const,
    instance: "",
    digest: "",
  }));
  return {
    desired,
    record: emptyRecord,
    observed: {
      ...observed,
      storedInstances: [],
      containers,
      networks: observed.networks.map((each) => ({ ...each, ownership: "foreign", digest: "", differs: "" })),
      volumes: observed.volumes.map((each) => ({ ...each, ownership: "foreign", digest: "", differs: "" })),
      adoptable: containers.map(tell),
    },
  };
}

function tell(container: ObservedContainer): AdoptableContainer {
  return {
    id: container.id,
    fingerprint: `fingerprint of ${container.id}`,
    image: {},
    inspected: {
      Id: container.id,
      Name: `/${container.name}`,
      Config: {},
      HostConfig: { LogConfig: { Type: "" } },
      Mounts: (container.places ?? []).map(({ path, volume }) => ({
        Type: "volume",
        Name: volume,
        Destination: path,
        RW: true,
      })),
      NetworkSettings: {
        Networks: Object.fromEntries(
          container.networks.map((name) => [name, { Aliases: [container.name, container.service] }]),
        ),
      },
    },
  };
}

const wiki = { wiki: sketch };

/** On a node that permits it, unless told. */
const planOf = (input: Parameters<typeof planWith>[0]) => planWith({ policy: { allow: "all" }, ...input });
const planText = (input: Parameters<typeof textWith>[0]) => textWith({ policy: { allow: "all" }, ...input });

describe("what somebody else has made of a project", () => {
  it("must be taken over as it is where it equals what is desired", () => {
    const before = runningOf(desiredOf(wiki));
    const plan = planOf(before);
    expect(planText(before)).toBe(
      "#1 adopt-project instance:wiki [live]: takes over 2 containers, 1 network, 2 volumes; 0 restarts\n",
    );
    const after = { desired: before.desired, ...simulate(before, plan.operations) };
    expect(planText(after)).toBe("nothing to do\n");
    expect(after.observed.containers.map(({ id }) => id)).toEqual(
      before.observed.containers.map(({ id }) => id),
    );
  });

  it("must be taken over by the bytes that are locked, whatever its tag names by now", () => {
    const locked = desiredOf({
      wiki: { ...sketch, services: { ...sketch.services, app: { volumes: ["data"], locked: "one" } } },
    });
    const before = changed(runningOf(desiredOf(wiki)), ({ observed }) => {
      const app = observed.containers.find(({ service }) => service === "app");
      Object.assign(app ?? {}, { imageId: lockedTo("one").platforms["linux/amd64"] });
      observed.images["app:1.0"] = { id: "sha256:another", digests: [] };
    });
    expect(planText(before)).toContain("app: image differs");
    expect(planText({ ...before, desired: locked })).toBe(
      "#1 adopt-project instance:wiki [live]: takes over 2 containers, 1 network, 2 volumes; 0 restarts\n",
    );
    const other = changed(before, ({ observed }) => {
      const app = observed.containers.find(({ service }) => service === "app");
      Object.assign(app ?? {}, { imageId: "sha256:another" });
    });
    expect(planText({ ...other, desired: locked })).toContain("app: image differs");
  });

  it("must be left alone without the word of the environment, and without that of the node", () => {
    const silent = planOf(runningOf(desiredOf(wiki, false)));
    expect(silent.operations.filter(({ kind }) => kind !== "pull-image")).toEqual([]);
    const before = runningOf(desiredOf(wiki));
    const plan = planOf({ ...before, policy: { allow: { adopt: ["lab-other"] } } });
    expect(plan.operations).toEqual([]);
    expect(plan.blocked.map(({ code, resource }) => [code, resource])).toEqual([["K3085", "instance:wiki"]]);
    const permitted = planOf({ ...before, policy: { allow: { adopt: ["lab-wiki"] } } });
    expect(permitted.operations.map(({ kind }) => kind)).toEqual(["adopt-project"]);
  });

  it("must be left alone where Keelson's labels say whose it is", () => {
    const before = changed(runningOf(desiredOf(wiki)), ({ observed }) => {
      for (const container of observed.containers) container.ownership = "forged";
      for (const network of observed.networks) network.elsewhere = { environment: "other" };
      for (const volume of observed.volumes) volume.elsewhere = { environment: "other", instance: "wiki" };
    });
    const plan = planOf({ ...before, policy: { allow: "all" } });
    expect(plan.operations).toEqual([]);
    expect(plan.blocked.map(({ code }) => code)).toContain("K3007");
  });

  it("must be made anew where a service differs, after it was taken over, and say what differs", () => {
    const before = changed(runningOf(desiredOf(wiki)), ({ observed }) => {
      const told = observed.adoptable?.find(({ id }) => id.includes("app"));
      Object.assign(told?.inspected ?? {}, { Config: { Tty: true, Env: ["SECRET=hunter2"] } });
    });
    const text = planText(before);
    expect(text).toContain(
      "#1 adopt-project instance:wiki [live]: takes over 2 containers, 1 network, 2 volumes; 1 to recreate\n",
    );
    expect(text).toContain(
      "create-containers service:lab-wiki/app [recreate] after #1: app: environment.SECRET differs; app: tty differs".replace(
        "; app: ",
        "; ",
      ),
    );
    expect(text).not.toContain("hunter2");
    expect(text).not.toContain("lab-wiki/db");
  });

  it("must not be taken over where a container has its data elsewhere", () => {
    const before = changed(runningOf(desiredOf(wiki)), ({ observed }) => {
      const container = observed.containers.find(({ service }) => service === "db");
      if (container === undefined) throw new Error("no container");
      const places = (container.places ?? []).map((place) => ({ ...place, volume: "old_store" }));
      Object.assign(container, { places, volumes: ["old_store"] });
      observed.adoptable = observed.containers.map(tell);
    });
    const plan = planOf(before);
    expect(plan.operations).toEqual([]);
    expect(plan.blocked.map(({ code, message }) => [code, message])).toEqual([
      [
        "K3086",
        "container lab-wiki-db-1 has other mounts than instance wiki is to have: /store (it has that from volume old_store, and would have it from volume lab-wiki_store)",
      ],
    ]);
  });

  it("must not be taken over for several reasons, which are told at once", () => {
    const before = changed(runningOf(desiredOf(wiki)), ({ desired, observed }) => {
      observed.claims = [{ project: "lab-wiki", environment: "other" }];
      for (const instance of desired.instances)
        instance.grants = [{ kind: "capabilities", value: "NET_ADMIN", service: "app" }];
      const volume = observed.volumes[0];
      if (volume !== undefined) volume.differs = "its driver is nfs";
    });
    const { operations, blocked } = planOf({ ...before, policy: { allow: {} } });
    expect(operations).toEqual([]);
    expect(blocked.map(({ code }) => code).sort()).toEqual(["K3060", "K3085", "K3086", "K9099"]);
  });

  it("must be told with the folder that agent.yaml is to name, where a data folder lies elsewhere", () => {
    const desired = desiredOf({ wiki: { services: { app: {} } } });
    const before = changed(runningOf(desired), (copy) => {
      const [instance] = copy.desired.instances;
      const volumes = [
        { type: "bind", source: `${dataToken}/export`, target: "/export" },
        { type: "bind", source: `${dataToken}/media`, target: "/media" },
      ];
      Object.assign(instance?.compose.services["app"] ?? {}, { volumes });
      copy.observed.dataFolders = ["export", "media"].map((source) => ({
        instance: "wiki",
        source,
        path: `/wrong/${source}`,
        state: "absent",
        files: {},
        fault: null,
      }));
      const Mounts = ["media", "export"].map((source) => ({
        Type: "bind",
        Source: `/stacks/wiki/${source}`,
        Destination: `/${source}`,
        RW: true,
      }));
      Object.assign(copy.observed.adoptable?.[0]?.inspected ?? {}, { Mounts });
    });
    const [error] = planOf(before).blocked;
    expect(error?.message).toContain(
      "/export (it has that from /stacks/wiki/export, and would have it from /wrong/export), /media (it has that from /stacks/wiki/media, and would have it from /wrong/media)",
    );
    expect(error?.hint).toContain("agent.yaml: dataFolders: { wiki: /stacks/wiki }");
  });

  it("must be told of a data folder that agent.yaml names for no instance", () => {
    const before = changed(runningOf(desiredOf(wiki)), ({ observed }) => {
      observed.placedInstances = ["wiki", "wikki"];
    });
    expect(planOf(before).notices.map(({ code, resource }) => [code, resource])).toEqual([
      ["K3079", "instance:wikki"],
    ]);
  });

  it("must be taken over with another image, which then takes its place", () => {
    const newer = {
      wiki: { ...sketch, services: { ...sketch.services, app: { image: "app:2.0", volumes: ["data"] } } },
    };
    const before = runningOf(desiredOf(wiki));
    const text = planText({ ...before, desired: desiredOf(newer) });
    expect(text).toContain("adopt-project instance:wiki");
    expect(text).toContain("image differs");
    expect(text).not.toContain("lab-wiki/db");
  });
});

describe("a released instance", () => {
  const released = (before: SimulatedNode): SimulatedNode => ({
    ...before,
    desired: {
      ...before.desired,
      instances: before.desired.instances.map((each) => ({ ...each, state: "released" as const })),
    },
  });

  it("must be forgotten as it runs, and never touched", () => {
    const before = released(applied(desiredOf(wiki)));
    expect(planText(before)).toBe(
      "#1 release-project instance:wiki [live]: is released: 2 containers left as they are\n",
    );
    const after = { desired: before.desired, ...simulate(before, planOf(before).operations) };
    expect(planOf(after).operations).toEqual([]);
    expect(planOf(after).blocked).toEqual([]);
    expect(after.observed.containers).toHaveLength(2);
    const gone = changed(after, (copy) => {
      copy.observed.containers = [];
    });
    expect(planOf(gone).operations).toEqual([]);
  });

  it("must be left alone when it leaves the list afterwards", () => {
    const before = released(applied(desiredOf({ ...wiki, other: { services: { app: {} } } })));
    const after = { ...before, ...simulate(before, planOf(before).operations) };
    const plan = planOf({ ...after, desired: { ...after.desired, instances: [] } });
    expect(plan.operations).toEqual([]);
  });
});

describe("what Compose has made of an instance that does not adopt", () => {
  const running = runningOf(desiredOf({ core: sketch }, false));
  const hints = (node: SimulatedNode) =>
    planWith(node).blocked.flatMap(({ code, hint }) => (["K3007", "K3021"].includes(code) ? [hint] : []));
  const way =
    "Docker Compose made it as a part of project lab-core. To take it over as it is, add adopt: true to instance core, and lab-core to allow.adopt in agent.yaml. ";

  it("must be named with the way to take it over, before the one to remove it", () => {
    const found = hints(running);
    expect(found.length).toBe(5);
    for (const hint of found) expect(hint.slice(0, way.length)).toBe(way);
  });

  it("must be named without it where it is of another project, or of nobody", () => {
    const others = changed(running, ({ observed }) => {
      for (const each of [...observed.networks, ...observed.volumes]) each.project = "other";
      for (const each of observed.containers) each.ownership = "forged";
    });
    const found = hints(others);
    expect(found.length).toBe(5);
    for (const hint of found) expect(hint).not.toContain("adopt: true");
  });
});
