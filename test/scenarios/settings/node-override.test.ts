import { expect, it } from "vitest";
import { compareContainers } from "../fates.ts";
import { withPlatform } from "../platform.ts";
import type { Platform } from "../platform.ts";
import { tellingImage } from "../telling-image.ts";

const release = `
-- settings.schema.json --
{
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "greeting": { "type": "string", "default": "hello", "x-override": ["node"] },
    "domain": { "type": "string", "default": "example.org" }
  }
}
-- packages/web/package.yaml --
files:
  - { template: app.conf.liquid, to: conf/app.conf, onChange: restart }
-- packages/web/app.conf.liquid --
{{ settings.greeting }} from {{ settings.domain }}
-- packages/web/compose.yaml --
services:
  app: { image: "IMAGES/app:1", volumes: ["./conf:/etc/app:ro"] }
`;
const options = { release, nodes: { n1: {}, n2: {} }, images: { "app:1": tellingImage } };

const nodeDocument = (name: string, settings: string) =>
  `name: ${name}\nsettings: { app: { ${settings} } }\n`;

it("a setting overridden on one node must reach that node only", async () => {
  await withPlatform(options, async (platform) => {
    const first = await platform.repository.head();
    expect((await platform.reconcile()).exitCode).toBe(0);
    expect(await platform.pageOf("web/app", "/loaded")).toBe("hello from example.org\n");
    const before = await platform.containers();

    await platform.push({ [platform.paths.node]: nodeDocument("n1", "greeting: good day") });
    expect(await planOf(platform, { node: "n2", from: first })).toContain("nothing to do");
    expect((await platform.reconcile()).exitCode).toBe(0);
    expect(await platform.pageOf("web/app", "/loaded")).toBe("good day from example.org\n");
    expect(compareContainers(before, await platform.containers())).toEqual({ "web/app": "restarted" });

    const second = await platform.repository.head();
    const here = await platform.containers();
    await platform.push({
      [platform.paths.node.replace("n1", "n2")]: nodeDocument("n2", "greeting: bonjour"),
    });
    expect(await planOf(platform, { node: "n2", from: second })).toMatch(/restart +.*app/);
    const round = await platform.reconcile();
    expect(await platform.containers()).toEqual(here);
    expect(round.output).toContain("nothing to do");
    expect(round.status.source.applied).toBe(await platform.repository.head());
  });
});

it("a setting that is not open to nodes must be refused by check, and leave what runs untouched when pushed anyway", async () => {
  await withPlatform(options, async (platform) => {
    const good = await platform.repository.head();
    expect((await platform.reconcile()).exitCode).toBe(0);
    const before = await platform.containers();

    const bad = await platform.push({ [platform.paths.node]: nodeDocument("n1", "domain: evil.example") });
    const check = await platform.keelson(["check"]);
    expect(check.exitCode).toBe(1);
    expect(check.stderr).toMatch(/^error\[K\d{4}\] .*nodes\/n1\.yaml:2:\d+ .*domain/m);
    const code = /error\[(K\d{4})\]/.exec(check.stderr)?.[1];

    const refused = await platform.reconcile();
    expect(await platform.containers()).toEqual(before);
    expect(await platform.pageOf("web/app", "/loaded")).toBe("hello from example.org\n");
    expect(refused.exitCode).toBe(1);
    expect(refused.status.errors).toEqual([expect.objectContaining({ code })]);
    expect(refused.status.source).toMatchObject({ observed: bad, applied: good });

    await platform.push({ [platform.paths.node]: nodeDocument("n1", "greeting: sorry") });
    expect((await platform.reconcile()).exitCode).toBe(0);
    expect(await platform.pageOf("web/app", "/loaded")).toBe("sorry from example.org\n");
  });
});

async function planOf(platform: Platform, { node, from }: { node: string; from: string }): Promise<string> {
  const args = `plan -e ${platform.environment} -n ${node} --from ${from} --revision main`;
  const { stdout, stderr } = await platform.keelson(args.split(" "));
  return stdout + stderr;
}
