import { describe, expect, it } from "vitest";

import { uniqueName } from "../../support/index.ts";
import { compareContainers } from "../fates.ts";
import { usePlatform } from "../platform.ts";

const name = uniqueName("t");
const volume = `${name}-wiki_data`;
const release = `
-- packages/wiki/compose.yaml --
services:
  db: { image: "IMAGES/wiki:1", volumes: ["data:/data"] }
volumes: { data: {} }
-- packages/backup/compose.yaml --
services:
  reader: { image: "IMAGES/backup:1", volumes: ["data:/source:ro"] }
volumes: { data: { external: true, name: ${volume} } }
`;
const upgradeTo = (version: number) => ({
  "packages/wiki/compose.yaml": (text: string) => text.replace(/wiki:\d/, `wiki:${version}`),
});

describe("a volume of one instance that another one mounts", () => {
  const platform = usePlatform({
    release,
    name,
    environment: { policy: { requireDigests: false, allow: { "app/backup": { volumes: [volume] } } } },
    agent: { allow: { volumes: [volume] } },
  });
  const upgradeWiki = async (version: number) => {
    const before = await platform().containers();
    await platform().upgrade(upgradeTo(version));
    const round = await platform().reconcile();
    return { round, fates: compareContainers(before, await platform().containers()) };
  };

  it("must keep its owner from no change, whether the other one runs or has stopped", async () => {
    await platform().reconcile();
    expect((await platform().reconcile()).exitCode).toBe(0);
    const running = await upgradeWiki(2);
    expect([running.round.exitCode, running.fates]).toEqual([0, { "wiki/db": "recreated" }]);
    await platform().stop("backup/reader");
    expect((await upgradeWiki(3)).fates).toMatchObject({ "wiki/db": "recreated" });
  });

  it("must be granted by the environment and by the node, though it is an instance's of the same environment", async () => {
    await platform().configure({ allow: {} });
    const { status } = await platform().reconcile();
    expect(status.errors.map(({ code, resource }) => `${code} ${resource}`)).toEqual([
      `K3060 service:${platform().project("backup")}/reader`,
    ]);
    await platform().push({
      [`environments/${name}/environment.yaml`]: (text) => text.replace(volume, "another"),
    });
    expect((await platform().keelson(["check"])).stderr).toContain("error[K1410]");
  });
});
