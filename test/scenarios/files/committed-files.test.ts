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
-- packages/boards/package.yaml --
files:
  - { from: boards/, to: boards, onChange: none }
  - { template: "pages/*", to: pages, onChange: none }
-- packages/boards/compose.yaml --
services:
  boards:
    image: IMAGES/web:1
    command: [httpd, -f, -p, "8080", -h, /site]
    volumes: ["./boards:/site/boards:ro", "./pages:/site/pages:ro"]
-- packages/boards/boards/a.json --
a
-- packages/boards/boards/sub/b.json.liquid --
{{ as it is }}
-- packages/boards/pages/page.txt.liquid --
{{ instance.name }}
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

  it("must be placed from a whole folder, also what comes to it later, without disturbing anybody", async () => {
    const pages = async (paths: readonly string[]) =>
      Promise.all(paths.map(async (path) => platform().pageOf("boards/boards", path)));
    const before = await platform().containers();
    expect(await pages(["/boards/a.json", "/boards/sub/b.json.liquid", "/pages/page.txt"])).toEqual([
      "a\n",
      "{{ as it is }}\n",
      "boards\n",
    ]);
    const look = async () => {
      expectReady(await platform().reconcile());
      expect(await pages(["/boards/a.json", "/boards/new.json"])).toEqual(["a\n", "new\n"]);
      await expectUntouched(platform(), before);
    };
    await whilePushed(platform(), { changes: { [`${folder}/boards/boards/new.json`]: "new\n" }, look });
    expectReady(await platform().reconcile());
    expect(await platform().exec("boards/boards", "ls", "-1", "/site/boards")).toBe("a.json\nsub\n");
  });

  it("must be listed where a folder is bound as a whole", async () => {
    const before = await platform().containers();
    const changes = {
      [`${folder}/boards/package.yaml`]: (text: string) =>
        text.replace("from: boards/", 'from: "boards/*.json"'),
    };
    const look = async () => {
      const [error] = (await platform().reconcile()).status.errors;
      expect(error).toMatchObject({
        code: "K1319",
        resource: `${folder}/boards/boards/sub/b.json.liquid:1:1`,
      });
      await expectUntouched(platform(), before);
    };
    await whilePushed(platform(), { changes, look });
  });

  it("must be warned of where it is a script that cannot start, without stopping anything", async () => {
    const text = "#!/bin/sh\r\nexec httpd -f -p 8080 -h /site\r\n";
    await platform().commit({
      [`${folder}/other/late.sh`]: text,
      [`${folder}/other/package.yaml`]: (manifest) => `${manifest}files: [{ from: late.sh, to: late.sh }]\n`,
    });
    const place = `warning[K1321] ${folder}/other/late.sh:1:10 `;
    const told = await platform().keelson(["check"]);
    expect([told.exitCode, told.stderr]).toEqual([0, expect.stringContaining(place)]);
    const asJson = await platform().keelson(["check", "--json"]);
    expect([asJson.exitCode, asJson.stderr]).toEqual([0, ""]);
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      problems: [],
      warnings: [{ code: "K1321", line: 1, column: 10 }],
    });
    await platform().commit({ [`${folder}/other/late.sh`]: text.replaceAll("\r", "") });
    const mended = await platform().keelson(["check"]);
    expect([mended.exitCode, mended.stderr]).toEqual([0, ""]);
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
      expect(refused.status.errors.map(({ code }) => code)).toEqual(["K2020", "K1401"]);
      await expectUntouched(platform(), before);
      await platform().configure((config) => ({ ...config, limits: { fileBytes: limit + 1 } }));
      const read = await platform().reconcile();
      expect(read.status.errors.map(({ code }) => code)).toEqual(["K1401", "K1319"]);
    };
    await whilePushed(platform(), { changes, look });
    expectReady(await platform().reconcile());
  });
});
