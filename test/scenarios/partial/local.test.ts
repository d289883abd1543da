import { describe, expect, it } from "vitest";

import { uniqueName } from "../../support/index.ts";
import { compareContainers } from "../fates.ts";
import { usePlatform } from "../platform.ts";

const name = uniqueName("l");
const [wiki, shop, old] = [
  "apps/wiki/compose.yaml",
  "apps/shop/compose.yaml",
  "apps/old/compose.yaml",
] as const;
const compose = (image: string) => `services:\n  web: { image: "IMAGES/${image}", stop_grace_period: 1s }\n`;
const files = {
  [`environments/${name}/environment.yaml`]: `name: ${name}\ndiscover: [{ path: "apps/*" }]\n`,
  [`environments/${name}/nodes/n1.yaml`]: "name: n1\n",
  [wiki]: compose("wiki:1"),
  [shop]: compose("shop:1"),
  [old]: compose("old:1"),
};

describe("a repository of Compose folders with a mistake in one, and no policy", () => {
  const platform = usePlatform({ name, files });
  const heldOf = async () =>
    (await platform().status()).instances.filter(({ held }) => held === true).map((each) => each.name);

  it("must have the others applied", async () => {
    expect((await platform().reconcile()).exitCode).toBe(0);
    const before = await platform().containers();
    await platform().push({
      [wiki]: (text) => text.replace("stop_grace_period", "privileged: true, stop_grace_period"),
      [shop]: (text) => text.replace("shop:1", "shop:2"),
    });
    const round = await platform().reconcile();
    expect(compareContainers(before, await platform().containers())).toEqual({ "shop/web": "recreated" });
    expect(await heldOf()).toEqual(["wiki"]);
    expect(round.status.errors.map(({ code }) => code)).toEqual(["K1401", "K3051"]);
  });

  it("must keep an instance whose folder has lost its Compose file, and remove one whose folder is gone", async () => {
    const before = await platform().containers();
    await platform().push({ [wiki]: null, "apps/wiki/notes.txt": "moved?\n", [old]: null });
    const round = await platform().reconcile();
    expect(compareContainers(before, await platform().containers())).toEqual({ "old/web": "removed" });
    expect(await heldOf()).toEqual(["wiki"]);
    expect(round.status.errors.map(({ code }) => code)).toEqual(["K1120", "K3051"]);
  });
});
