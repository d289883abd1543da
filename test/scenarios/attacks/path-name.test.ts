import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { expect, it } from "vitest";

import { uniqueName } from "../../support/index.ts";
import { withPlatform } from "../platform.ts";

const compose = (bind: string) => `services:
  app:
    image: IMAGES/app:1
    init: true
    stop_grace_period: 1s
    network_mode: none
    volumes: ["${bind}"]
`;

it("a path by name inside a bind must not lead it through a link that a container has left", async () => {
  const name = uniqueName("t");
  const files = {
    [`environments/${name}/environment.yaml`]: `name: ${name}
instances:
  app: { package: ./apps/app, on: { node: n1 } }
`,
    [`environments/${name}/nodes/n1.yaml`]: "name: n1\n",
    "apps/app/compose.yaml": compose("./data:/data"),
  };
  await withPlatform({ name, files }, async (platform) => {
    const media = join(platform.folder, "media");
    await mkdir(media);
    await platform.configure({ allow: { paths: { media: { path: media } } } });
    expect((await platform.reconcile()).exitCode).toBe(0);
    const plant = `mkdir -p "$(dirname "/data${media}")" && ln -s /etc "/data${media}"`;
    await platform.exec("app/app", "sh", "-c", plant);
    await platform.push({ "apps/app/compose.yaml": compose(`./data:/data:ro`) });
    expect((await platform.reconcile()).exitCode).toBe(0);
    await platform.push({
      "apps/app/compose.yaml": compose(`./data:/data:ro", "./data/__keelson-path-media__:/stolen`),
    });
    const checked = await platform.keelson(["check"]);
    const round = await platform.reconcile();
    const { mounts } = await platform.container("app/app");
    expect(mounts).not.toHaveProperty("/stolen");
    expect(checked.stderr).toContain("K1404");
    expect(round.exitCode).toBe(1);
  });
});
