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
const compose = (image: string) =>
  `services:\n  web:\n    image: "IMAGES/${image}"\n    stop_grace_period: 1s\n`;
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
      [wiki]: (text) => text.replace("stop_grace_period", "privileged: true\n    stop_grace_period"),
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

  it("must keep what may be a folder under a name that no instance can have, and have the others applied", async () => {
    const before = await platform().containers();
    await platform().push({
      [wiki]: compose("wiki:2"),
      [shop]: null,
      "apps/The Shop/compose.yaml": compose("shop:2"),
    });
    const round = await platform().reconcile();
    expect(compareContainers(before, await platform().containers())).toEqual({ "wiki/web": "recreated" });
    expect(await heldOf()).toEqual(["The Shop", "shop"]);
    expect(round.status.errors.map(({ code, resource }) => `${code} ${resource}`)).toEqual([
      `K1123 environments/${name}/environment.yaml:2:20`,
      "K3051 instance:The Shop",
      "K3050 instance:shop",
    ]);
  });

  it("must hold what uses a secret that the node cannot open, and have the others applied", async () => {
    const before = await platform().containers();
    const enc = "ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]";
    const stranger = `age: [{ recipient: age1stranger, enc: x }], lastmodified: "2026", mac: "${enc}"`;
    await platform().push({
      "apps/The Shop/compose.yaml": null,
      [shop]: `${compose("shop:2")}    environment: { DB_PASSWORD: "\${PASSWORD}" }\n`,
      "apps/shop/package.yaml": 'variables: { PASSWORD: "{{ secrets.password }}" }\n',
      [wiki]: (text) => text.replace("wiki:2", "wiki:3"),
      [`environments/${name}/environment.yaml`]: (text) =>
        `${text}policy: { allow: { ./apps/shop: { secretEnvironment: [DB_PASSWORD] } } }\n`,
      [`environments/${name}/secrets.sops.yaml`]: `shop: { password: "${enc}" }\nsops: { ${stranger} }\n`,
    });
    const round = await platform().reconcile();
    expect(compareContainers(before, await platform().containers())).toEqual({ "wiki/web": "recreated" });
    expect(await heldOf()).toEqual(["shop"]);
    expect(round.status.errors.map(({ code }) => code)).toEqual(["K1342", "K5002", "K3051"]);
  });

  it("must follow nothing where a problem concerns more than single instances, and say so", async () => {
    const before = await platform().containers();
    await platform().push({
      [wiki]: (text) => text.replace("wiki:3", "wiki:4"),
      [`environments/${name}/environment.yaml`]: (text) => text.replace("apps/*", "nowhere/*"),
    });
    const round = await platform().reconcile();
    expect(compareContainers(before, await platform().containers())).toEqual({});
    expect(round.status.source.target).toMatchObject({
      mode: "hold",
      because: expect.stringMatching(/ has problems, and K1121 concerns more than single instances$/),
    });
  });
});
