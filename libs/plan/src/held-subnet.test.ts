import { type Ask, type NodeGrants, emptyRecord } from "@keelson/model";
import { describe, expect, test } from "vitest";

import { node } from "./desired-fixture.ts";
import { applied, changed } from "./node-fixture.ts";
import { permitted, planText } from "./plan-fixture.ts";
import { emptyObserved } from "./simulate.ts";

const desired = node({
  core: {
    services: { app: { networks: ["back"] }, job: { networks: [] } },
    networks: { back: "10.1.2.0/24" },
  },
  web: { services: { page: {} } },
});
const empty = { desired, observed: emptyObserved, record: emptyRecord };
const held = (more: { holder?: string; unknown?: string }) => ({
  network: "lab-core_back",
  subnet: "10.1.2.0/24",
  holder: null,
  unknown: null,
  ...more,
});

describe("a network whose subnet", () => {
  test("something of the node uses is not made, and nothing waits but what joins it", () => {
    const text = planText(
      changed(empty, ({ observed }) => {
        observed.heldSubnets = [held({ holder: "the node's route 10.0.0.0/8 through eth0" })];
      }),
    );
    expect(text).toContain(
      "! network:lab-core_back [K3024] network lab-core_back cannot be made: the node's route 10.0.0.0/8 through eth0 has a part of its subnet 10.1.2.0/24",
    );
    expect(text).toContain("! service:lab-core/app [K3023] lab-core/app waits for network lab-core_back");
    expect(text).not.toContain("create-network network:lab-core_back");
    expect(text).toContain("start-service service:lab-core/job");
    expect(text).toContain("create-network network:lab-web_default");
    expect(text).toContain("start-service service:lab-web/page");
  });

  test("nobody knows to be free is not made either", () => {
    const text = planText(
      changed(empty, ({ observed }) => {
        observed.heldSubnets = [held({ unknown: "the address of git.example cannot be found out now" })];
      }),
    );
    expect(text).toContain("! network:lab-core_back [K3029]");
    expect(text).toContain("start-service service:lab-web/page");
  });

  describe("the node's own ways overlap with", () => {
    const holder = "the node's route 10.0.0.0/8 through eth0";
    const named: Ask = { kind: "subnets", value: "10.1.2.0/24", service: "" };
    const planOf = (
      grants: Ask[],
      { allow = {}, ...more }: { allow?: NodeGrants; holderNetwork?: { id: string; name: string } },
    ) =>
      planText({
        ...changed({ ...empty, desired: granted(grants) }, ({ observed }) => {
          observed.heldSubnets = [{ ...held({ holder }), ...more }];
        }),
        policy: { ...permitted, allow },
      });
    const granted = (grants: Ask[]) =>
      node({
        core: { services: { app: { networks: ["back"] } }, networks: { back: "10.1.2.0/24" }, grants },
      });

    test("is made where both sides name it, and not where one of them does, or names another", () => {
      expect(planOf([named], { allow: { subnets: ["10.1.0.0/16"] } })).toContain("create-network");
      for (const text of [
        planOf([], { allow: { subnets: ["10.1.0.0/16"] } }),
        planOf([named], {}),
        planOf([named], { allow: { subnets: ["10.1.2.0/25"] } }),
        planOf([{ ...named, value: "10.1.3.0/24" }], { allow: { subnets: ["10.1.0.0/16"] } }),
      ])
        expect(text).not.toContain("create-network");
    });

    test("is not made where that is another network, which the engine refuses", () => {
      const holderNetwork = { id: "a", name: "other" };
      expect(planOf([named], { allow: { subnets: ["10.1.0.0/16"] }, holderNetwork })).toContain("K3024");
    });
  });

  test("is at an interface of the host, with the node's own addresses, is made: it is no way of the node's", () => {
    const lan = {
      driver: "macvlan",
      driver_opts: { parent: "eth0" },
      ipam: { config: [{ subnet: "10.1.2.0/24" }] },
    };
    const state = changed(empty, ({ observed }) => {
      observed.heldSubnets = [held({ holder: "the node's address 10.1.2.7 of eth0" })];
    });
    for (const network of state.desired.instances.flatMap(({ networks }) => networks))
      if (network.key === "back") network.definition = lan;
    expect(planText(state)).toContain("create-network network:lab-core_back");
  });

  test("is free is made", () => {
    expect(planText(empty)).toContain("create-network network:lab-core_back");
    expect(planText(empty)).not.toContain("K3024");
  });

  test("was found held leaves one that runs as it is", () => {
    const before = node({
      core: { services: { app: { networks: ["back"] } }, networks: { back: "10.9.0.0/24" } },
    });
    const after = node({
      core: { services: { app: { networks: ["back"] } }, networks: { back: "10.1.2.0/24" } },
    });
    const state = changed({ ...applied(before), desired: after }, ({ observed }) => {
      observed.heldSubnets = [held({ holder: "the node's resolver 10.1.2.3" })];
    });
    expect(planText(state)).toMatchInlineSnapshot(`
      "! network:lab-core_back [K3024] network lab-core_back cannot be made: the node's resolver 10.1.2.3 has a part of its subnet 10.1.2.0/24
      "
    `);
  });
});
