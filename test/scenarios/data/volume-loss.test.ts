import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { useStorePlatform } from "./store-platform.ts";

const other = { package: "app/other" };

describe("data", () => {
  const { platform, read, volumes, codes, condition, want, renew } = useStorePlatform();
  const nameOf = (instance: string) => `${platform().project(instance)}_data`;
  const write = async (instance: string, text: string) =>
    platform().exec(`${instance}/database`, "sh", "-c", `echo ${text} > /data/note`);
  const ready = async () => (await condition("Ready"))?.status;
  /** Removes the container and its volume, as somebody does by hand. */
  const lose = async (instance: string) => {
    const { id } = await platform().container(`${instance}/database`);
    await platform().docker.getContainer(id).remove({ force: true });
    await platform().docker.getVolume(nameOf(instance)).remove();
  };

  it("must not be replaced by an empty volume when it is lost", async () => {
    expect((await platform().reconcile()).exitCode).toBe(0);
    await write("store", "kept");
    await lose("store");
    for (let rounds = 0; rounds < 2; rounds++) {
      const round = await platform().reconcile();
      expect(await volumes()).toEqual([]);
      expect((await platform().containers()).map(({ service }) => service)).toEqual(["app"]);
      expect(round.exitCode).toBe(1);
      expect(await codes()).toEqual([
        `K3023 service:${platform().project("store")}/database`,
        `K3032 volume:${nameOf("store")}`,
      ]);
      expect(await ready()).toBe("false");
    }
  });

  it("must be missed by a node that has lost its record, too", async () => {
    await rm(join(platform().stateDir, "record.db"));
    expect((await platform().reconcile()).exitCode).toBe(1);
    expect(await volumes()).toEqual([]);
    expect(await codes()).toContain(`K3032 volume:${nameOf("store")}`);
  });

  it("must begin anew once somebody has said so, and only once", async () => {
    await renew("store");
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect(await ready()).toBe("true");
    expect(await read("store")).toBe("");
    expect((await platform().reconcile()).output).toContain("nothing to do");
    await lose("store");
    expect((await platform().reconcile()).exitCode).toBe(1);
    expect(await volumes()).toEqual([]);
    await renew("store");
    expect((await platform().reconcile()).exitCode).toBe(0);
    await write("store", "first");
  });

  it("must not be left behind by a renamed instance, and the old one goes on", async () => {
    const before = await platform().containers();
    await want({ shop: { package: "app/store" }, other });
    const from = await platform().keelson(["plan", "--from", "HEAD~1"]);
    expect(from.stdout).toContain("[K3033]");
    expect(from.exitCode).toBe(1);
    for (let rounds = 0; rounds < 2; rounds++) {
      expect((await platform().reconcile()).exitCode).toBe(1);
      expect(await volumes()).toEqual([nameOf("store")]);
      expect(await platform().containers()).toEqual(before);
      expect(await read("store")).toBe("first");
      expect(await codes()).toEqual([
        `K3023 service:${platform().project("shop")}/database`,
        `K3033 volume:${nameOf("shop")}`,
      ]);
    }
  });

  it("must be there under the new name when the instance says what it was", async () => {
    await want({ shop: { package: "app/store", was: "store" }, other });
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect((await platform().containers()).map(({ name }) => name).sort()).toEqual([
      `${platform().project("other")}-app-1`,
      `${platform().project("shop")}-database-1`,
    ]);
    expect(await read("shop")).toBe("first");
    expect(await volumes()).toEqual([nameOf("store")]);
    expect(await ready()).toBe("true");
    expect((await platform().reconcile()).output).toContain("nothing to do");
  });

  it("must stay on the node when somebody says that the new one begins empty", async () => {
    await want({ third: { package: "app/store" }, other });
    expect((await platform().reconcile()).exitCode).toBe(1);
    expect(await read("shop")).toBe("first");
    await renew("third");
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect(await read("third")).toBe("");
    expect(await volumes()).toEqual([nameOf("store"), nameOf("third")].sort());
    const audit = ["audit", "--orphans", "--config", platform().config];
    const { stdout, exitCode } = await platform().keelson([...audit, "--json"]);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      environment: platform().environment,
      orphans: [
        {
          volume: nameOf("store"),
          sizeBytes: expect.any(Number),
          lastUsers: ["shop/database"],
          remove: `docker volume rm ${nameOf("store")}`,
        },
      ],
      lost: [],
      folders: [],
    });
    expect((await platform().keelson(audit)).stdout).toContain(`docker volume rm ${nameOf("store")}\n`);
  });

  it("must be named by the plan that takes its instance away, and found when that comes back", async () => {
    await write("third", "mine");
    await want({ other });
    const plan = await platform().keelson(["plan", "--from", "HEAD~1"]);
    expect(plan.stdout).toContain(`volume ${nameOf("third")} stays, with the data of third/database,`);
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect((await platform().reconcile()).output).toContain("nothing to do");
    await want({ third: { package: "app/store" }, other });
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect(await read("third")).toBe("mine");
  });
});
