import type { NodeGrants } from "@keelson/model";
import { describe, expect, test } from "vitest";

import { node } from "./desired-fixture.ts";
import { ask } from "./grant-fixture.ts";
import { applied, changed, containerOf, simulated } from "./node-fixture.ts";
import { planOf, planText } from "./plan-fixture.ts";

const vpn = (tag: string, ...grants: string[]) => ({
  services: { vpn: { image: `vpn:${tag}` }, ui: { image: `ui:${tag}` } },
  grants: grants.map(ask),
});
const plain = node({
  vpn: vpn("1"),
  wiki: { services: { app: {} } },
  qbit: { after: ["vpn"], services: { app: {} } },
});
const asking = node({
  vpn: vpn("2", "vpn: capabilities NET_ADMIN", "vpn: devices /dev/net/tun"),
  wiki: { services: { app: { image: "app:2" } } },
  qbit: { after: ["vpn"], services: { app: { image: "app:2" } } },
});
const allow: NodeGrants = { capabilities: ["NET_ADMIN"], devices: ["/dev/net/tun"] };

describe("an instance that asks for more than the node permits", () => {
  test("keeps what it runs, with those that require it, and the others go on", () => {
    expect(planText({ ...applied(plain), desired: asking })).toMatchInlineSnapshot(`
      "#1 pull-image image:app:2 [live]: is not on the node
      #2 create-containers service:lab-wiki/app [recreate] after #1: app: image 1.0 → 2
      #3 start-service service:lab-wiki/app [live] after #2: its containers are new
      #4 await-service service:lab-wiki/app [live] after #3: until it runs
      ! service:lab-qbit/app [K3023] lab-qbit/app waits for instance vpn, which is blocked
      ! service:lab-vpn/vpn [K3060] this node does not permit what lab-vpn/vpn asks for: capability NET_ADMIN, device /dev/net/tun
      "
    `);
  });

  test("is told with the line of agent.yaml that would permit it", () => {
    const [refused] = planOf({ ...applied(plain), desired: asking }).blocked.filter(
      ({ code }) => code === "K3060",
    );
    expect(refused).toEqual({
      resource: "service:lab-vpn/vpn",
      code: "K3060",
      message:
        "this node does not permit what lab-vpn/vpn asks for: capability NET_ADMIN, device /dev/net/tun",
      hint: "To permit it, add to agent.yaml: allow: { capabilities: [NET_ADMIN], devices: [/dev/net/tun] }. What runs stays as it is.",
      outcome: "stalled",
    });
  });

  test("gets no network, volume or image where nothing of it is there", () => {
    const news = node({
      vpn: {
        services: { vpn: { volumes: ["data"] } },
        volumes: { data: "local" },
        grants: [ask("vpn: privileged")],
      },
    });
    const { operations } = planOf({ ...applied(node({})), desired: news });
    expect(operations).toEqual([]);
  });

  test("follows when the node permits it", () => {
    const plan = planOf({ ...applied(plain), desired: asking, policy: { allow } });
    expect(plan.blocked).toEqual([]);
    expect(plan.operations.some(({ resource }) => resource === "services:lab-vpn/{ui,vpn}")).toBe(true);
  });

  test.each<[string, NodeGrants | "all", string[]]>([
    ["nothing", {}, ["K3060"]],
    ["too little", { capabilities: ["SYS_TIME"], devices: ["/dev/net/tun"] }, ["K3060"]],
    ["just that", allow, []],
    ["everything", "all", []],
  ])("is judged by an agent.yaml that permits %s", (_what, permits, codes) => {
    const { blocked } = planOf({
      ...applied(node({})),
      desired: node({ vpn: vpn("1", "vpn: capabilities NET_ADMIN", "vpn: devices /dev/net/tun") }),
      policy: { allow: permits },
    });
    expect(blocked.map(({ code }) => code)).toEqual(codes);
  });

  test("keeps also what this revision does not desire any more", () => {
    const renamed = node({ vpn: { services: { tunnel: {} }, grants: [ask("tunnel: privileged")] } });
    const before = applied(node({ vpn: vpn("1") }));
    expect(planOf({ ...before, desired: renamed, policy: { allowMassRemoval: true } }).operations).toEqual(
      [],
    );
  });

  test("is removed, and brought down to its files, without anybody's leave", () => {
    const granted = node({ vpn: vpn("1", "vpn: privileged"), wiki: { services: { app: {} } } });
    const state = { ...applied(granted), policy: { allowMassRemoval: true } };
    for (const desired of [
      node({ wiki: { services: { app: {} } } }),
      node({ vpn: { ...vpn("1", "vpn: privileged"), state: "staged" }, wiki: { services: { app: {} } } }),
    ]) {
      const { operations, blocked } = planOf({ ...state, desired });
      expect(blocked).toEqual([]);
      expect(operations.filter(({ kind }) => kind === "remove-container")).toHaveLength(2);
    }
  });
});

describe("a grant that agent.yaml permits no more", () => {
  const granted = applied(node({ vpn: vpn("1", "vpn: capabilities NET_ADMIN") }));

  test("leaves what runs as it is, and the plan says so", () => {
    expect(planText(granted)).toMatchInlineSnapshot(`
      "! service:lab-vpn/vpn [K3060] this node does not permit what lab-vpn/vpn asks for: capability NET_ADMIN
      "
    `);
  });

  test("starts again only what does not use it", () => {
    const down = changed(granted, (copy) => {
      for (const name of ["lab-vpn/vpn", "lab-vpn/ui"]) containerOf(copy, name).state = "exited";
    });
    expect(planOf(down).operations.map(({ kind, resource }) => `${kind} ${resource}`)).toEqual([
      "start-service service:lab-vpn/ui",
      "await-service service:lab-vpn/ui",
    ]);
  });
});

describe("the grants of a plan", () => {
  const policy = { allow: { ...allow, privileged: true, capabilities: ["NET_ADMIN", "SYS_ADMIN"] } };
  const before = node({ vpn: vpn("1", "vpn: capabilities NET_ADMIN") });
  const after = node({
    vpn: vpn("1", "vpn: capabilities NET_ADMIN", "ui: privileged", "ui: capabilities SYS_ADMIN"),
    wiki: { services: { app: {} }, grants: [ask("app: gpus")] },
  });

  test("are those that are permitted, new ones first, with those that are as good as root", () => {
    const { grants } = planOf({ ...simulatedOf(before), desired: after, policy });
    expect(grants.map((each) => [each.service, each.kind, each.value, each.isNew, each.isRoot])).toEqual([
      ["ui", "capabilities", "SYS_ADMIN", true, true],
      ["ui", "privileged", "true", true, true],
      ["vpn", "capabilities", "NET_ADMIN", false, false],
    ]);
  });

  test("leave out what is new of an instance that stays as it is", () => {
    const { grants } = planOf({ ...simulatedOf(before), desired: after, policy: { allow } });
    expect(grants.map(({ service, value }) => [service, value])).toEqual([["vpn", "NET_ADMIN"]]);
  });

  function simulatedOf(desired: typeof before) {
    return simulated({ ...applied(desired), desired });
  }
});
