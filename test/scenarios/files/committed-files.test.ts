import { chmod, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { expectReady, expectUntouched, whilePushed } from "../faults/outcome.ts";
import { usePlatform } from "../platform.ts";

const folder = "releases/app/1.0.0/packages";

const release = `
-- packages/web/package.yaml --
files:
  - { template: start.sh, to: start.sh }
  - { template: www/shared.txt, to: www/shared.txt }
  - { template: www/odd.json, to: www/odd.json }
-- packages/web/compose.yaml --
services:
  web:
    image: IMAGES/web:1
    entrypoint: [/start.sh]
    volumes: ["./start.sh:/start.sh:ro", "./www:/site:ro"]
-- packages/web/start.sh --
#!/bin/sh
exec httpd -f -p 8080 -h /site
-- packages/web/www/odd.json --
{ "a": 1, } // only its program can read it
-- packages/web/shared/text.txt --
shared
-- packages/other/compose.yaml --
services:
  other: { image: IMAGES/web:1 }
`;

describe("what is committed", () => {
  const platform = usePlatform({ release });
  const inPackage = (path: string) => join(platform().repository.path, folder, path);

  beforeAll(async () => {
    await chmod(inPackage("web/start.sh"), 0o755);
    await symlink("../shared/text.txt", inPackage("web/www/shared.txt"));
    await platform().push({});
  });

  it("must be placed as it is: executable, what a link leads to, and in any dialect", async () => {
    expectReady(await platform().reconcile());
    expect(await platform().pageOf("web/web", "/shared.txt")).toBe("shared\n");
    expect(await platform().pageOf("web/web", "/odd.json")).toContain("only its program");
  });

  it("must change with what the link leads to", async () => {
    const isRead = async (text: string) => {
      expectReady(await platform().reconcile());
      expect(await platform().pageOf("web/web", "/shared.txt")).toBe(text);
    };
    const changes = { [`${folder}/web/shared/text.txt`]: "changed\n" };
    await whilePushed(platform(), { changes, look: async () => isRead("changed\n") });
    await isRead("shared\n");
  });

  it("must be a problem of one file where it is too large, and hide no other", async () => {
    const before = await platform().containers();
    const limit = 16 * 1024 * 1024;
    await writeFile(inPackage("web/www/shared.bin"), new Uint8Array(limit + 1));
    const changes = {
      [`${folder}/other/compose.yaml`]: "services: { other: { image: IMAGES/web:1, privileged: true } }\n",
    };
    const look = async () => {
      const { stderr } = await platform().keelson(["check"]);
      expect(
        [...stderr.matchAll(/^error\[(K\d+)\] ([^\s:]+)/gm)].map(([, code, file]) => `${code} ${file}`),
      ).toEqual([`K1401 ${folder}/other/compose.yaml`, `K2020 ${folder}/web/www/shared.bin`]);
      const refused = await platform().reconcile();
      expect(refused.status.errors.map(({ code }) => code)).toEqual(["K2020"]);
      await expectUntouched(platform(), before);
      await platform().configure((config) => ({ ...config, limits: { fileBytes: limit + 1 } }));
      const read = await platform().reconcile();
      expect(read.status.errors.map(({ code }) => code)).toEqual(["K1401"]);
    };
    await whilePushed(platform(), { changes, look });
    expectReady(await platform().reconcile());
  });
});
