import { describe, expect, it } from "vitest";

import { withPlatform } from "../platform.ts";

const release = `
-- settings.schema.json --
{
  "type": "object",
  "properties": { "port": { "type": "integer", "x-override": ["node"] } }
}
-- packages/template/package.yaml --
variables: { TITLE: "{{ settings.tilte }}" }
-- packages/template/compose.yaml --
services:
  web: { image: "IMAGES/web:1", privileged: true }
-- packages/gate/compose.yaml --
services:
  web: { image: "IMAGES/web:1", pid: host }
-- packages/refused/compose.yaml --
services:
  web: { image: "IMAGES/web:1", ports: [nonsense] }
-- packages/build/package.yaml --
data: { nothing: { format: 1 } }
-- packages/build/compose.yaml --
services:
  web: { image: "IMAGES/web:1", ports: ["127.0.0.1:8080:80"] }
-- packages/port/compose.yaml --
services:
  web: { image: "IMAGES/web:1", ports: ["127.0.0.1:8080:80"] }
-- packages/stages/package.yaml --
data: { nothing: { format: 1 } }
files:
  - { template: site.conf.liquid, to: conf/site.conf }
  - { template: pages.liquid, to: pages/index, onChange: none }
-- packages/stages/site.conf.liquid --
{{ nothing.there }}
-- packages/stages/pages.liquid --
ok
-- packages/stages/compose.yaml --
services:
  web: { image: "IMAGES/web:1", ports: ["127.0.0.1:8080:80"], volumes: ["./pages/index:/index:ro"] }
-- packages/unread/large --
version https://git-lfs.github.com/spec/v1
oid sha256:4665a5ea423c2713d436b5ee50593a9640e0018c1550b5a0002f74190d6caea8
size 12
-- packages/unread/compose.yaml --
services:
  web: { image: "IMAGES/web:1", ipc: host }
-- packages/joins/package.yaml --
variables: { OTHER: "{{ environment.name }}-template_default" }
-- packages/joins/compose.yaml --
services:
  web: { image: "IMAGES/web:1", networks: [other] }
networks: { other: { external: true, name: "\${OTHER}" } }
`;

const ofFiles = [
  "K1302 stages/site.conf.liquid",
  "K1302 template/package.yaml",
  "K1307 stages/package.yaml",
  "K1311 build/package.yaml",
  "K1311 stages/package.yaml",
  "K1312 port/compose.yaml",
  "K1312 stages/compose.yaml",
  "K1320 unread/large",
  "K1401 template/compose.yaml",
  "K1402 gate/compose.yaml",
  "K1402 unread/compose.yaml",
  "K1420 refused/compose.yaml",
];

describe("mistakes of several kinds in several instances", () => {
  it.each([
    { what: "a template", settings: {}, codes: ofFiles },
    {
      what: "the settings",
      settings: { app: { port: "none" } },
      // Nothing can be rendered without the settings, and the gate judges all the same.
      codes: [
        "K1202 nodes/n1.yaml",
        "K1302 stages/site.conf.liquid",
        "K1320 unread/large",
        "K1401 template/compose.yaml",
        "K1402 gate/compose.yaml",
        "K1402 unread/compose.yaml",
      ],
    },
  ])("must all be told at once, beside one in $what", async ({ settings, codes }) => {
    await withPlatform({ release, nodes: { n1: { settings } } }, async (platform) => {
      const shown = (all: readonly { code: string; file: string }[]) =>
        all.map(({ code, file }) => `${code} ${file.split("/").slice(-2).join("/")}`).sort();
      const check = await platform.keelson(["check", "--json"]);
      expect(shown(JSON.parse(check.stdout).problems)).toEqual(codes);
      expect(check.exitCode).toBe(1);

      const round = await platform.reconcile();
      const told = round.status.errors.map(({ code, resource }) => ({
        code,
        file: resource.replace(/:\d+:\d+$/, ""),
      }));
      expect(shown(told)).toEqual(codes);
      expect(await platform.containers()).toEqual([]);
    });
  });
});
