import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import { describe, expect, it } from "vitest";

import { uniqueName } from "../../support/index.ts";
import { compareContainers } from "../fates.ts";
import { withNode, withPlatform } from "../platform.ts";
import { composeFile } from "../releases.ts";
import { parseFiles } from "../repository-text.ts";
import { composeUp, idsOf } from "./compose-up.ts";
import { release, text } from "./running-project.ts";

const instances = { web: { package: "app/web", adopt: true } };
const permitted = { agent: { allow: { adopt: "all" } } };

describe("a project that runs already", () => {
  it("must be adopted without a restart, changed where a commit changes it, and released", async () => {
    await withPlatform({ release, environment: { instances }, ...permitted }, async (platform) => {
      await composeUp(platform, { text });
      const before = await idsOf(platform);
      const plan = await platform.keelson(["plan", "--config", platform.config]);
      expect(plan.stdout).toContain("takes over 2 containers, 1 network, 2 volumes; 0 restarts");
      const round = await platform.reconcile();
      expect(round.exitCode).toBe(0);
      expect(await idsOf(platform)).toEqual(before);
      expect(round.status.instances.map(({ name, sync, state }) => [name, sync, state])).toEqual([
        ["web", "in-sync", "running"],
      ]);
      // A no-op does nothing.
      expect((await platform.reconcile()).worked).toBe(false);
      expect(await idsOf(platform)).toEqual(before);

      const earlier = await platform.containers();
      await platform.upgrade({ [composeFile]: (text) => text.replace("page:1", "page:2") });
      expect((await platform.reconcile()).exitCode).toBe(0);
      const after = await platform.containers();
      const store = after.find(({ service }) => service === "store");
      expect(earlier.map(({ id }) => id)).toContain(store?.id);
      expect(after.find(({ service }) => service === "page")?.labels["io.keelson.instance"]).toBe("web");
      expect(await platform.exec("web/page", "cat", "/data/it")).toBe("precious\n");

      await platform.push({
        [platform.paths.environment]: (text) => text.replace("adopt: true", "state: released"),
      });
      expect((await platform.reconcile()).exitCode).toBe(0);
      await platform.push({
        [platform.paths.environment]: (text) => text.replace("state: released", "state: absent"),
      });
      expect((await platform.reconcile()).exitCode).toBe(0);
      expect(compareContainers(after, await platform.containers())).toEqual({});
    });
  });

  it("must be given back at once where Keelson has made all of it, network too", async () => {
    await withPlatform({ release, environment: { instances }, ...permitted }, async (platform) => {
      expect((await platform.reconcile()).exitCode).toBe(0);
      const before = await idsOf(platform);
      for (const [from, to] of [
        ["adopt: true", "state: released"],
        ["state: released", "state: absent"],
      ] as const) {
        await platform.push({ [platform.paths.environment]: (file) => file.replace(from, to) });
        const round = await platform.reconcile();
        expect([round.exitCode, round.status.errors]).toEqual([0, []]);
        expect((await platform.reconcile()).worked).toBe(false);
      }
      expect(await idsOf(platform)).toEqual(before);
    });
  });

  it("must be left alone where the node does not permit it", async () => {
    await withPlatform({ release, environment: { instances } }, async (platform) => {
      await composeUp(platform, { text });
      const before = await idsOf(platform);
      const round = await platform.reconcile();
      expect(round.exitCode).toBe(1);
      expect(round.status.errors.map(({ code }) => code)).toEqual(["K3085"]);
      expect(await idsOf(platform)).toEqual(before);
      await platform.configure({ allow: { adopt: [platform.project("web")] } });
      expect((await platform.reconcile()).exitCode).toBe(0);
      expect(await idsOf(platform)).toEqual(before);
    });
  });

  it("must be left alone where it is of another environment, whatever the node permits", async () => {
    const one = `services:
  page: { image: "IMAGES/page:1", init: true, stop_grace_period: 1s }
`;
    const name = uniqueName("t");
    await withPlatform({ release: `-- ${composeFile} --\n${one}` }, async (other) => {
      expect((await other.reconcile()).exitCode).toBe(0);
      const before = await idsOf(other);
      const files = {
        [`environments/${name}/environment.yaml`]: `name: ${name}
instances:
  web: { package: ./apps/web, on: { node: n1 }, project: ${other.project("web")}, adopt: true }
`,
        [`environments/${name}/nodes/n1.yaml`]: "name: n1\n",
        "apps/web/compose.yaml": one,
      };
      await withPlatform({ name, files, ...permitted }, async (platform) => {
        const round = await platform.reconcile();
        expect(round.exitCode).toBe(1);
        expect(round.output).not.toContain("adopting");
        expect(round.status.errors.map(({ code }) => code).sort()).toEqual(["K3007", "K3021"]);
        expect(await idsOf(other)).toEqual(before);
      });
    });
  });

  it("must be adopted by one environment of the machine, and be free again once that has released it", async () => {
    await withPlatform({ release, environment: { instances }, ...permitted }, async (first) => {
      await composeUp(first, { text });
      expect((await first.reconcile()).exitCode).toBe(0);
      const before = await idsOf(first);
      const name = uniqueName("t");
      const files = {
        [`environments/${name}/environment.yaml`]: `name: ${name}
instances:
  web: { package: ./apps/web, on: { node: n1 }, project: ${first.project("web")}, adopt: true }
`,
        [`environments/${name}/nodes/n1.yaml`]: "name: n1\n",
        "apps/web/compose.yaml": text.replaceAll(/IMAGES\/([\w:]+)/g, (_, tag: string) => first.image(tag)),
      };
      await withPlatform({ name, files, ...permitted }, async (second) => {
        const refused = await second.reconcile();
        expect(refused.exitCode).toBe(1);
        expect(refused.status.errors).toMatchObject([
          {
            code: "K9099",
            message: expect.stringContaining(`the environment ${first.environment} has adopted`),
          },
        ]);
        await first.push({
          [first.paths.environment]: (file) => file.replace("adopt: true", "state: released"),
        });
        expect((await first.reconcile()).exitCode).toBe(0);
        const taken = await second.reconcile();
        expect([taken.exitCode, taken.status.errors]).toEqual([0, []]);
        expect(await idsOf(first)).toEqual(before);
      });
    });
  });

  it("must be adopted again when the record is lost", async () => {
    await withPlatform({ release, environment: { instances }, ...permitted }, async (platform) => {
      await composeUp(platform, { text });
      const before = await idsOf(platform);
      expect((await platform.reconcile()).exitCode).toBe(0);
      await promisify(execFile)("rm", [
        "-f",
        ...["", "-wal", "-shm"].map((end) => join(platform.stateDir, `record.db${end}`)),
      ]);
      expect((await platform.reconcile()).exitCode).toBe(0);
      expect(await idsOf(platform)).toEqual(before);
    });
  });

  it.each(["adopting web", "done adopting web"])(
    "must be adopted once when the agent is killed at %s",
    async (when) => {
      await withPlatform({ release, environment: { instances }, ...permitted }, async (platform) => {
        await composeUp(platform, { text });
        const before = await idsOf(platform);
        const agent = platform.startRound();
        await agent.said(when);
        await agent.kill();
        await agent.ended;
        const round = await platform.reconcile();
        expect([round.exitCode, round.status.errors]).toEqual([0, []]);
        expect(await idsOf(platform)).toEqual(before);
        expect((await platform.reconcile()).worked).toBe(false);
      });
    },
  );

  it("must be adopted beside another one in whose network it is", async () => {
    const two = `
-- packages/nets/compose.yaml --
services:
  hub: { image: "IMAGES/hub:1", init: true, stop_grace_period: 1s, restart: unless-stopped, networks: [shared] }
networks: { shared: {} }
-- packages/web/compose.yaml --
services:
  page: { image: "IMAGES/page:1", init: true, stop_grace_period: 1s, restart: unless-stopped, networks: [default, other] }
networks: { other: { external: true, name: "\${SHARED}" } }
-- packages/web/package.yaml --
variables: { SHARED: "{{ environment.name }}-nets_shared" }
`;
    const both = {
      nets: { package: "app/nets", adopt: true },
      web: { package: "app/web", adopt: true },
    };
    await withPlatform({ release: two, environment: { instances: both }, ...permitted }, async (platform) => {
      const files = parseFiles(two);
      for (const name of ["nets", "web"]) {
        const own = (files[`packages/${name}/compose.yaml`] ?? "").replace(
          "${SHARED}",
          `${platform.environment}-nets_shared`,
        );
        await composeUp(platform, { name, text: own });
      }
      const before = await idsOf(platform);
      const round = await platform.reconcile();
      expect([round.exitCode, round.status.errors]).toEqual([0, []]);
      expect(await idsOf(platform)).toEqual(before);
      expect((await platform.reconcile()).worked).toBe(false);
    });
  });

  it("must be healed like any other once it was adopted", async () => {
    await withNode(
      {
        release,
        environment: { instances },
        ...permitted,
        prepare: async (platform) => composeUp(platform, { text }),
      },
      async (node) => {
        await node.untilReady();
        const before = await node.containers();
        const [store] = before.filter(({ service }) => service === "store");
        await node.docker.getContainer(store?.id ?? "").stop();
        await node.settles("the store runs", async () =>
          (await node.containers()).every(({ state }) => state === "running"),
        );
        expect(compareContainers(before, await node.containers())).toEqual({ "foreign/store": "restarted" });
      },
    );
  });
});
