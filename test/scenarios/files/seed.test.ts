import { describe, expect, it } from "vitest";
import { expectReady, expectUntouched } from "../faults/outcome.ts";
import { usePlatform } from "../platform.ts";

const folder = "releases/app/1.0.0/packages/web";

/** The program migrates its own configuration whenever it starts, as many do. */
const release = `
-- packages/web/package.yaml --
files:
  - { template: app.ini.liquid, to: conf/app.ini, onChange: seed }
-- packages/web/compose.yaml --
services:
  web:
    image: IMAGES/web:1
    command: [sh, -c, "echo migrated >> /conf/app.ini; exec httpd -f -p 8080 -h /conf"]
    volumes: ["./conf:/conf"]
-- packages/web/app.ini.liquid --
for {{ node.name }}
`;

describe("a file that its program rewrites", () => {
  const platform = usePlatform({ release });
  const page = async () => platform().pageOf("web/web", "/app.ini");

  it("must be placed once, and left to the program, whatever Git says later", async () => {
    expectReady(await platform().reconcile());
    const first = await page();
    expect(first).toMatch(/^for .+\nmigrated\n$/);
    const before = await platform().containers();
    const again = await platform().reconcile();
    expectReady(again);
    await platform().push({ [`${folder}/app.ini.liquid`]: "another\n" });
    expectReady(await platform().reconcile());
    await expectUntouched(platform(), before);
    expect(await page()).toBe(first);
    await platform().stop("web/web");
    expectReady(await platform().reconcile());
    expect(await page()).toBe(`${first}migrated\n`);
  });

  it("must be placed anew when it is removed, without disturbing the program", async () => {
    const before = await platform().containers();
    await platform().exec("web/web", "rm", "/conf/app.ini");
    expectReady(await platform().reconcile());
    expect(await page()).toBe("another\n");
    await expectUntouched(platform(), before);
  });
});
