import { once } from "node:events";
import { createServer } from "node:net";
import { beforeAll, describe, expect, it } from "vitest";
import { findFreePort } from "../../support/index.ts";
import { fetchPage } from "../page.ts";
import { usePlatform } from "../platform.ts";
import type { Container, Round } from "../platform.ts";
import { startForeign } from "./foreign-container.ts";
import { expectFault, expectReady, expectUntouched } from "./outcome.ts";

const release = `
-- settings.schema.json --
{
  "type": "object",
  "properties": { "port": { "type": "integer", "x-override": ["node"] } }
}
-- packages/web/package.yaml --
variables: { PORT: "{{ settings.port }}" }
-- packages/web/compose.yaml --
services:
  web:
    image: IMAGES/web:1
    ports: ["127.0.0.1:\${PORT}:8080"]
  side:
    image: IMAGES/side:1
`;

describe("a port that is taken", () => {
  const platform = usePlatform({ release, nodes: { n1: { settings: { app: { port: 0 } } } } });
  let before: Container[];
  let oldPort: number;
  let newPort: number;

  beforeAll(async () => {
    oldPort = await findFreePort();
    newPort = await findFreePort();
    await platform().push(withPort(oldPort));
    expectReady(await platform().reconcile());
    before = await platform().containers();
    await platform().push(withPort(newPort));
  });

  it("must be told before anything stops when another program has it", async () => {
    const program = createServer().listen(newPort, "127.0.0.1");
    await once(program, "listening");
    const round = await platform().reconcile();
    program.close();
    await once(program, "close");
    expect(await pageAt(oldPort)).toBe("web 1\n");
    await expectUntouched(platform(), before);
    await expectTaken(round, "is held by another program");
  });

  it("must be told before anything stops when a foreign container has it, and that one is left alone", async () => {
    const id = await startForeign(platform(), { name: "neighbour", image: "side:1", port: newPort });
    const withForeign = await platform().containers();
    const round = await platform().reconcile();
    await expectUntouched(platform(), withForeign);
    expect(await pageAt(newPort)).toBe("side 1\n");
    await platform().docker.getContainer(id).remove({ force: true });
    await expectTaken(round, `is held by container ${platform().environment}-neighbour`);
  });

  it("must be published once it is free", async () => {
    const round = await platform().reconcile();
    expect(await pageAt(newPort)).toBe("web 1\n");
    expect(await platform().container("web/side")).toEqual(before.find(({ service }) => service === "side"));
    expectReady(round);
    expect(round.status.source.applied).toBe(await platform().repository.head());
  });

  async function expectTaken(round: Round, says: string): Promise<void> {
    expect(await pageAt(oldPort)).toBe("web 1\n");
    expectFault(round, {
      code: "K3004",
      resource: `service:${platform().project("web")}/web`,
      says: `port ${newPort}/tcp of 127.0.0.1 ${says}`,
    });
    expect(round.worked).toBe(false);
    expect(round.status.source.applied).toBe(await platform().repository.head("HEAD~1"));
  }

  function withPort(port: number): Record<string, string> {
    return { [platform().paths.node]: `name: n1\nsettings: { app: { port: ${port} } }\n` };
  }

  const pageAt = async (port: number) => fetchPage(`http://127.0.0.1:${port}/`);
});
