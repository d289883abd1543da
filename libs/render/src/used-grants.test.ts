import { describe, expect, it } from "vitest";

import {
  build,
  corePackage,
  desiredOf,
  models,
  platform,
  problemText,
  render,
  repositoryOf,
  serviceOf,
  withService,
} from "./fixture.ts";

const environment = "environments/lab/environment.yaml";
const manifest = `${corePackage}/package.yaml`;

function withAllow(allow: string): Record<string, string> {
  return { [environment]: `${platform[environment]}policy: { allow: ${allow} }\n` };
}

function withVariable(value: string): Record<string, string> {
  return {
    [manifest]: (platform[manifest] ?? "").replace("variables:\n", `variables:\n  MEDIA: ${value}\n`),
  };
}

/** What core/app asks for beside what it has. */
const reaching = withService("app", {
  cap_add: ["NET_ADMIN"],
  volumes: [
    { type: "bind", source: "core/conf", target: "/etc/core", read_only: true },
    { type: "bind", source: "/srv/media/films", target: "/films" },
    { type: "bind", source: "/__keelson-path-media__/music", target: "/music", read_only: true },
  ],
});

describe("the grants of an instance", () => {
  const grantsOf = (allow: string, of = reaching) =>
    desiredOf(withAllow(allow), { models: of }).instances.map(({ name, grants }) => ({ name, grants }));

  it("are what its model asks for and the environment permits", () => {
    expect(
      grantsOf(
        "{ sample/core: { capabilities: [net_admin], paths: [media] }, sample/storage: { gpus: true } }",
      ),
    ).toEqual([
      {
        name: "core",
        grants: [
          { kind: "capabilities", value: "NET_ADMIN", service: "app" },
          { kind: "paths", value: "/srv/media/films", readOnly: false, service: "app", names: ["media"] },
          { kind: "paths", value: "media/music", readOnly: true, service: "app" },
        ],
      },
      { name: "storage", grants: [] },
    ]);
  });

  it("are none of what it does not use, and none of networks that an instance of the node owns", () => {
    expect(grantsOf("{ '*': all }", models).flatMap(({ grants }) => grants)).toEqual([]);
    expect(grantsOf("{ '*': all }").flatMap(({ grants }) => grants.map(({ kind }) => kind))).toEqual([
      "capabilities",
      "paths",
      "paths",
    ]);
  });

  it("are writable binds of the host, which are not made read-only as placed files are", () => {
    const app = desiredOf(withAllow("{ sample/core: all }"), { models: reaching }).instances[0]?.compose
      .services["app"];
    expect(app?.volumes?.map(({ read_only: readOnly = false }) => readOnly)).toEqual([true, false, true]);
  });
});

describe("a network of the environment", () => {
  const joining = {
    ...models,
    core: {
      ...models.core,
      networks: {
        default: { name: "lab-core_default", ipam: {} },
        stores: { name: "lan", external: true },
      },
    },
  };
  const networks = (definition: string) => `networks: { lan: ${definition}, unused: ${definition} }\n`;
  const wide = "{ ipam: { config: [{ subnet: 203.0.113.0/24, gateway: 203.0.113.1 }] } }";
  const vlan =
    "{ driver: macvlan, driver_opts: { parent: eth0 }, ipam: { config: [{ subnet: 10.9.0.0/24 }] } }";
  const built = (definition: string, allow: string) => {
    const changes = { [environment]: `${withAllow(allow)[environment]}${networks(definition)}` };
    return build(render(changes).rendered, { models: joining, repository: repositoryOf(changes) });
  };
  const grantsOf = (definition: string, allow: string) =>
    built(definition, allow).desired?.instances.flatMap(({ name, grants }) =>
      grants.map(({ kind, value }) => `${name} ${kind} ${value}`),
    );

  it("asks for what it needs by every package that joins it", () => {
    expect(grantsOf(wide, "{ sample/core: { subnets: [203.0.0.0/16] } }")).toEqual([
      "core subnets 203.0.113.0/24",
      "core subnets 203.0.113.1/32",
    ]);
    expect(grantsOf(vlan, "{ sample/core: { networkDrivers: ['macvlan:eth0'] } }")).toEqual([
      "core networkDrivers macvlan:eth0",
    ]);
  });

  it.each([
    [wide, "K1431", 'subnets: ["203.0.113.0/24"]', "{}"],
    [wide, "K1431", 'subnets: ["203.0.113.0/24"]', "{ sample/core: { subnets: [203.0.113.0/25] } }"],
    [wide, "K1431", 'subnets: ["203.0.113.0/24"]', "{ sample/storage: { subnets: [203.0.113.0/24] } }"],
    [vlan, "K1415", 'networkDrivers: ["macvlan:eth0"]', "{ sample/core: { networkDrivers: [macvlan] } }"],
  ])("%s is refused with %s where that is not granted", (definition, code, line, allow) => {
    const { problems } = built(definition, allow);
    expect(problems.map((problem) => [problem.code, problem.file])).toContainEqual([code, environment]);
    expect(problemText(problems)).toContain(
      `policy: { allow: { sample/core: { ${line} } } }, and in agent.yaml of its nodes: allow: { ${line} }`,
    );
  });

  it("may have a private subnet, which is asked for where the environment names it all the same", () => {
    const own = "{ ipam: { config: [{ subnet: 10.9.0.0/24 }] } }";
    expect(grantsOf(own, "{}")).toEqual([]);
    expect(grantsOf(own, "{ sample/core: { subnets: [10.9.0.0/16] } }")).toEqual([
      "core subnets 10.9.0.0/24",
    ]);
  });
});

it("a private subnet of a package's own network is asked for where the environment names it", () => {
  const networks = { default: { name: "lab-core_default", ipam: { config: [{ subnet: "10.9.0.0/24" }] } } };
  const of = { ...models, core: { ...models.core, networks: { ...models.core.networks, ...networks } } };
  const asked = (allow: string) =>
    desiredOf(withAllow(allow), { models: of }).instances.flatMap(({ grants }) => grants);
  expect(asked("{}")).toEqual([]);
  expect(asked("{ sample/core: { subnets: [10.9.0.0/16] } }")).toEqual([
    { kind: "subnets", value: "10.9.0.0/24", service: "" },
  ]);
});

describe("a path of the node by its name", () => {
  const mediaOf = (allow: string, value = '"{{ paths.media }}"') => {
    const { rendered, unrendered, problems } = render({ ...withAllow(allow), ...withVariable(value) });
    const core = rendered?.instances.find(({ name }) => name === "core")?.compose ?? unrendered[0]?.compose;
    return { media: core?.variables["MEDIA"], problems: problemText(problems) };
  };

  it.each([
    "{ sample/core: { paths: [media] } }",
    '{ "*": { paths: [media/films] } }',
    "{ sample/core: all }",
  ])("is a token in a variable of a package that has the grant %s", (allow) => {
    expect(mediaOf(allow)).toEqual({ media: "/__keelson-path-media__", problems: "\n" });
  });

  it("can be named in each way of a template", () => {
    const value = `'{{ paths["media"] }}/{{ paths.media-2 | append: "/x" }}'`;
    expect(mediaOf("{ sample/core: all }", value).media).toBe(
      "/__keelson-path-media__//__keelson-path-media-2__/x",
    );
  });

  it("is refused at its line without the grant", () => {
    const line = 6;
    for (const allow of ["{}", "{ sample/storage: all }", "{ sample/core: { paths: [/media, medi] } }"]) {
      expect(mediaOf(allow).problems)
        .toBe(`error[K1462] ${manifest}:${line}:10 the variable MEDIA uses the path media of the node, which the environment does not grant
   6 |   MEDIA: "{{ paths.media }}"
     |          ^
  hint: To permit it, write in environment.yaml: policy: { allow: { sample/core: { paths: [media] } } }, and in agent.yaml of its nodes: allow: { paths: { media: { path: /… } } }
`);
    }
  });

  it("is not there for files, which hold no path of a node", () => {
    const { problems } = render({
      ...withAllow("{ sample/core: { paths: [media] } }"),
      [`${corePackage}/config/core.yml.liquid`]: "media: {{ paths.media }}\n",
    });
    expect(problems.map(({ code }) => code)).toEqual(["K1302"]);
  });

  it("is the same service on every node", () => {
    const desired = desiredOf({ ...withAllow("{ sample/core: all }") }, { models: reaching });
    expect(serviceOf(desired, "core/app").digests[0].digest).toBe(
      serviceOf(desiredOf({ ...withAllow("{ '*': all }") }, { models: reaching }), "core/app").digests[0]
        .digest,
    );
  });
});
