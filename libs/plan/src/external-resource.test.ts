import { describe, expect, test } from "vitest";

import { node } from "./desired-fixture.ts";
import { applied, changed, containerOf, simulated } from "./node-fixture.ts";
import { permitted, planOf, planText } from "./plan-fixture.ts";
import type { SimulatedNode } from "./simulated-node.ts";

const foreign = {
  id: "id of proxy",
  name: "proxy",
  ownership: "foreign" as const,
  flaw: "",
  project: "",
  digest: "",
};
const archive = {
  name: "archive",
  ownership: "foreign" as const,
  flaw: "",
  project: "",
  digest: "",
  format: null,
  generation: 1,
};
const joining = { web: { services: { app: { networks: ["default", "/proxy"] } } } };

function withProxy(state: SimulatedNode, networks = [foreign]): SimulatedNode {
  return changed(state, ({ observed }) => {
    observed.networks.push(...networks);
  });
}

/** A node with nothing on it. */
function empty(desired: SimulatedNode["desired"]): SimulatedNode {
  return { ...applied(node({})), desired };
}

describe("a network that somebody else makes", () => {
  test("must be there, and nothing is made in its place", () => {
    const { operations, blocked } = planOf(empty(node(joining)));
    expect(operations.map(({ kind }) => kind)).not.toContain("create-containers");
    expect(operations.map(({ resource }) => resource)).not.toContain("network:proxy");
    expect(blocked.map(({ code, resource }) => `${code} ${resource}`)).toEqual([
      "K3081 network:proxy",
      "K3023 service:lab-web/app",
    ]);
  });

  test("is joined, and never removed", () => {
    const state = withProxy(empty(node(joining)));
    const up = simulated(state);
    expect(containerOf(up, "lab-web/app").networks).toEqual(["lab-web_default", "proxy"]);
    expect(planText(up)).toBe("nothing to do\n");
    const { operations } = planOf({ ...up, desired: node({}), policy: permitted });
    expect(operations.map(({ resource }) => resource)).toEqual([
      "service:lab-web/app",
      "network:lab-web_default",
    ]);
  });

  test("is connected again by its id", () => {
    const up = simulated(withProxy(empty(node(joining))));
    const cut = changed(up, (copy) => {
      containerOf(copy, "lab-web/app").networks = ["lab-web_default"];
    });
    expect(planOf(cut).operations).toMatchObject([
      { kind: "connect-container", network: "proxy", networkId: "id of proxy" },
    ]);
  });

  test("that is gone keeps what was in it from being started", () => {
    const up = simulated(withProxy(empty(node(joining))));
    const broken = changed(up, (copy) => {
      copy.observed.networks = copy.observed.networks.filter(({ name }) => name !== "proxy");
      Object.assign(containerOf(copy, "lab-web/app"), { state: "exited", networks: ["lab-web_default"] });
    });
    const { operations, blocked } = planOf(broken);
    expect(operations).toEqual([]);
    expect(blocked.map(({ code }) => code)).toEqual(["K3081", "K3023"]);
  });

  test("is no matter of an instance that is to be staged only", () => {
    const staged = node({ web: { ...joining.web, state: "staged" } });
    expect(planOf(empty(staged)).blocked).toEqual([]);
  });
});

describe("a network of the environment", () => {
  const desired = node(joining, { proxy: {} });

  test("is made before what joins it, and goes when nothing joins it any more", () => {
    const state = empty(desired);
    expect(planText(state)).toMatchInlineSnapshot(`
      "#1 pull-image image:app:1.0 [live]: is not on the node
      #2 create-network network:proxy [live]: does not exist yet
      #3 create-network network:lab-web_default [live]: does not exist yet
      #4 create-containers service:lab-web/app [live] after #1 #2 #3: app: no container yet
      #5 start-service service:lab-web/app [live] after #4: its containers are new
      #6 await-service service:lab-web/app [live] after #5: until it runs
      "
    `);
    const up = simulated(state);
    expect(planText(up)).toBe("nothing to do\n");
    const alone = { ...up, desired: node({ web: { services: { app: {} } } }) };
    expect(planText(alone)).toMatchInlineSnapshot(`
      "#1 create-containers service:lab-web/app [recreate]: app: networks changed
      #2 start-service service:lab-web/app [live] after #1: its containers are new
      #3 await-service service:lab-web/app [live] after #2: until it runs
      #4 remove-network network:proxy [live] after #1: is no longer desired
      "
    `);
  });

  test("is made anew when its definition changes, with what is in it", () => {
    const up = simulated(empty(desired));
    const next = { ...up, desired: node(joining, { proxy: { definition: { internal: true } } }) };
    expect(planOf(next).operations.map(({ kind, resource }) => `${kind} ${resource}`)).toEqual([
      "remove-network network:proxy",
      "create-network network:proxy",
      "connect-container service:lab-web/app",
    ]);
    expect(planText(simulated(next))).toBe("nothing to do\n");
  });

  test("does not take the place of somebody else's, unless that may be joined", () => {
    const { operations, blocked } = planOf(withProxy(empty(desired)));
    expect(operations.map(({ kind }) => kind)).not.toContain("create-containers");
    expect(blocked.map(({ code, resource }) => `${code} ${resource}`)).toEqual([
      "K3007 network:proxy",
      "K3023 service:lab-web/app",
    ]);
    const joined = withProxy(empty(node(joining, { proxy: { mayBeForeign: true } })));
    expect(planOf(joined).blocked).toEqual([]);
    expect(planText(simulated(joined))).toBe("nothing to do\n");
    expect(simulated(joined).observed.networks).toContainEqual(foreign);
  });

  test("that another environment of this node has is told with that", () => {
    const elsewhere = { ...foreign, elsewhere: { environment: "other" } };
    const { blocked } = planOf(withProxy(empty(desired), [elsewhere]));
    expect(blocked[0]).toMatchInlineSnapshot(`
      {
        "code": "K3007",
        "hint": "Give the network another name in one of the two; or let this one only join it: take it away from what makes it here, and permit networks: ["proxy"].",
        "message": "network proxy is of environment other, which is on this node, too",
        "resource": "network:proxy",
      }
    `);
  });
});

describe("a volume that somebody else keeps", () => {
  const desired = node({ web: { services: { app: { externalVolumes: ["archive"] } } } });

  test("must be there, and is never made", () => {
    const { operations, blocked } = planOf(empty(desired));
    expect(operations.map(({ kind }) => kind)).not.toContain("create-volume");
    expect(blocked.map(({ code, resource }) => `${code} ${resource}`)).toEqual([
      "K3023 service:lab-web/app",
      "K3082 volume:archive",
    ]);
  });

  test("may be written by others, and is nobody's to take over", () => {
    const state = changed(empty(desired), ({ observed }) => {
      observed.volumes.push(archive);
      observed.otherWriters = [{ container: "theirs", project: "other", volumes: ["archive"] }];
    });
    expect(planOf(state).blocked).toEqual([]);
    const both = node({
      web: { services: { app: { externalVolumes: ["archive"] } } },
      copy: { services: { app: { externalVolumes: ["archive"] } } },
    });
    const up = simulated({ ...simulated(state), desired: both });
    expect(up.observed.containers).toHaveLength(2);
    expect(planText(up)).toBe("nothing to do\n");
  });

  test("that is gone keeps the engine from starting what had it: that would make an empty one", () => {
    const up = simulated(changed(empty(desired), ({ observed }) => void observed.volumes.push(archive)));
    const lost = changed(up, (copy) => {
      copy.observed.volumes = copy.observed.volumes.filter(({ name }) => name !== "archive");
      Object.assign(containerOf(copy, "lab-web/app"), { state: "exited", exitCode: 1 });
    });
    const { operations, blocked } = planOf(lost);
    expect([operations, blocked.map(({ code }) => code)]).toEqual([[], ["K3023", "K3082"]]);
  });

  test("is data that a new, empty volume does not take the place of", () => {
    const up = simulated(changed(empty(desired), ({ observed }) => void observed.volumes.push(archive)));
    const emptied = node({
      web: { services: { app: { volumes: ["data:/archive"] } }, volumes: { data: "x" } },
    });
    expect(planOf({ ...up, desired: emptied }).blocked).toContainEqual(
      expect.objectContaining({
        code: "K3033",
        resource: "volume:lab-web_data",
        hint: expect.stringContaining(
          "`external: true` and `name: archive` under volumes.data in the Compose file",
        ),
      }),
    );
    const without = node({ web: { services: { app: { image: "app:2.0" } } } });
    expect(planOf({ ...up, desired: without }).blocked[0]).toMatchObject({
      code: "K3033",
      resource: "service:lab-web/app",
    });
  });
});
