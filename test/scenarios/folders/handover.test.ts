import { describe, expect, it } from "vitest";

import { uniqueName } from "../../support/index.ts";
import { usePlatform } from "../platform.ts";

const name = uniqueName("v");
const environment = `environments/${name}/environment.yaml`;
// It notes its name for as long as it lives, and takes its time to end.
const compose = `services:
  app:
    image: IMAGES/notes:1
    stop_grace_period: 3s
    network_mode: none
    command: [sh, -c, "trap '' TERM; while :; do cat /proc/sys/kernel/hostname >> /data/log; sleep 0.05; done"]
    volumes: ["./data:/data"]
`;
const listing = (instances: string) =>
  `name: ${name}\ninstances: { ${instances} }\npolicy: { partial: true, allowMassRemoval: true }\n`;

describe("two instances and one data folder", () => {
  const platform = usePlatform({
    name,
    files: {
      [environment]: listing("a: { package: ./apps/notes }"),
      [`environments/${name}/nodes/n1.yaml`]: "name: n1\n",
      "apps/notes/compose.yaml": compose,
      "apps/bad/compose.yaml": "services: { app: { image: IMAGES/notes:1, privileged: true } }\n",
    },
  });
  const codes = async () => (await platform().status()).errors.map(({ code }) => code);
  const want = async (instances: string) => {
    await platform().push({ [environment]: listing(instances) });
    return (await platform().reconcile()).exitCode;
  };
  /** Who has written, in order; each name once for as long as nobody else wrote. */
  const writers = async (instance: string) => {
    const log = await platform().exec(`${instance}/app`, "uniq", "/data/log");
    return log.trim().split("\n");
  };

  it("must not be written by the new one while the old one, which is held, goes on", async () => {
    expect((await platform().reconcile()).exitCode).toBe(0);
    const { id } = await platform().container("a/app");
    expect(await want("a: { package: ./apps/bad }, b: { package: ./apps/notes, was: a }")).toBe(1);
    expect(await codes()).toContain("K3078");
    expect((await platform().containers()).map((each) => each.id)).toEqual([id]);
  });

  it("must not be swapped by `was` while both have data to lose", async () => {
    const { id } = await platform().container("a/app");
    expect(await want("a: { package: ./apps/notes, was: b }, b: { package: ./apps/notes, was: a }")).toBe(1);
    expect(await codes()).toEqual(expect.arrayContaining(["K3033", "K3078"]));
    expect((await platform().containers()).map((each) => each.id)).toEqual([id]);
  });

  it("must be handed over when the old one has ended, and not before", async () => {
    expect(await want("b: { package: ./apps/notes, was: a }")).toBe(0);
    expect((await platform().containers()).map(({ service }) => service)).toEqual(["app"]);
    // Written at the same time, the names would take turns.
    expect(await writers("b")).toHaveLength(2);
  });
});
