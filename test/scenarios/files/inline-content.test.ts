import { beforeAll, describe, expect, it } from "vitest";
import { expectReady, expectUntouched, whilePushed } from "../faults/outcome.ts";
import { type Container, usePlatform } from "../platform.ts";

const composeFile = "releases/app/1.0.0/packages/web/compose.yaml";

/** The web server shows what it has; `plain` uses none of it. */
const compose = (content: string) => `services:
  web:
    image: IMAGES/web:1
    command: [httpd, -f, -p, "8080", -h, /site]
    read_only: true
    pull_policy: always
    configs: [{ source: page, target: /site/page.txt }, { source: closed, target: /site/closed.txt, mode: 0400, uid: "0", gid: "7" }]
    secrets: [{ source: named, target: /site/named.txt }]
  plain: { image: IMAGES/web:1, command: [httpd, -f, -p, "8080"] }
configs:
  page: { content: "${content} $$x\\n" }
  closed: { content: "closed" }
secrets:
  named: { environment: GREETING }
`;

const release = `
-- packages/web/package.yaml --
variables: { GREETING: "hello $USER" }
-- packages/web/compose.yaml --
${compose("one")}`;

describe("content of configs and secrets", () => {
  const platform = usePlatform({ release });
  const page = async (path: string) => platform().pageOf("web/web", path);

  const idOf = (service: string, containers: readonly Container[]) =>
    containers.find((container) => container.service === service)?.id;

  beforeAll(async () => expectReady(await platform().reconcile()));

  it("must be in the container, also in a read-only one, byte for byte", async () => {
    expect(await page("/page.txt")).toBe("one $x\n");
    expect(await page("/named.txt")).toBe("hello $USER");
    expect(await page("/closed.txt")).toBe("closed");
  });

  it("must recreate the service that uses it when it changes, and no other", async () => {
    const before = await platform().containers();
    const look = async () => {
      expectReady(await platform().reconcile());
      expect(await page("/page.txt")).toBe("two $x\n");
      const after = await platform().containers();
      expect(idOf("plain", after)).toBe(idOf("plain", before));
      expect(idOf("web", after)).not.toBe(idOf("web", before));
    };
    await whilePushed(platform(), { changes: { [composeFile]: compose("two") }, look });
    expectReady(await platform().reconcile());
  });

  it("must stay when nothing changes", async () => {
    const before = await platform().containers();
    expectReady(await platform().reconcile());
    expect(before.length).toBeGreaterThan(0);
    await expectUntouched(platform(), before);
  });
});
