import { describe, expect, it } from "vitest";
import { waitFor } from "../../support/index.ts";
import { usePlatform } from "../platform.ts";
import type { Container } from "../platform.ts";
import { expectFault, expectReady, rulesTerminal } from "./outcome.ts";
import { conditionOf } from "../node-status.ts";

// `api` is healthy once its page is there; `front` needs it, `side` does not.
const release = `
-- packages/web/package.yaml --
update: { trial: 15s }
-- packages/web/compose.yaml --
services:
  api:
    image: IMAGES/api:1
    volumes: [data:/data]
    healthcheck:
      test: [CMD, test, -e, /www/index.html]
      interval: 1s
      timeout: 1s
      retries: 2
  front:
    image: IMAGES/front:1
    depends_on: { api: { condition: service_healthy } }
  side:
    image: IMAGES/side:1
volumes:
  data:
`;

const compose = "packages/web/compose.yaml";

describe("a health check that never passes", () => {
  const platform = usePlatform({ release });
  let before: Container[];

  it("must end in time, leave dependents as they are and let everything else go on", async () => {
    expectReady(await platform().reconcile());
    await platform().exec("web/api", "sh", "-c", "echo kept > /data/id");
    before = await platform().containers();
    await platform().upgrade({
      [compose]: (text) =>
        text
          .replace("/www/index.html]", "/www/nowhere]")
          .replace(platform().image("front:1"), "IMAGES/front:2")
          .replace(platform().image("side:1"), "IMAGES/side:2"),
    });
    const round = await platform().reconcile();
    expect(await platform().container("web/front")).toEqual(find("front"));
    expect(await platform().pageOf("web/front")).toBe("front 1\n");
    expect(await platform().pageOf("web/side")).toBe("side 2\n");
    expect(await platform().container("web/api")).toMatchObject({ state: "running" });
    expectFault(round, {
      code: "K3005",
      resource: `service:${platform().project("web")}/api`,
      says: "is unhealthy",
    });
    expect(round.output).toMatch(/ skipped .*-web\/front/);
    expect(conditionOf(round.status, "Healthy")).toBe("false");
    expect(round.status.instances).toMatchObject([{ name: "web", sync: "out-of-sync" }]);
    expect(round.status.source.applied).not.toBe(await platform().repository.head());
  });

  it("must fail the same way again and touch nothing that came up", async () => {
    const side = await platform().container("web/side");
    const api = await platform().container("web/api");
    const round = await platform().reconcile();
    expect(await platform().container("web/front")).toEqual(find("front"));
    expect(await platform().container("web/side")).toEqual(side);
    expect((await platform().container("web/api")).id).toBe(api.id);
    expectFault(round, { code: "K3005", resource: `service:${platform().project("web")}/api` });
  });

  it("must converge with the commit that mends it, its data kept", async () => {
    const side = await platform().container("web/side");
    await platform().upgrade({ [compose]: (text) => text.replace("/www/nowhere]", "/www/index.html]") });
    const round = await platform().reconcile();
    expect(await platform().pageOf("web/front")).toBe("front 2\n");
    expect((await platform().container("web/api")).health).toBe("healthy");
    expect(await platform().container("web/side")).toEqual(side);
    expect(await platform().exec("web/api", "cat", "/data/id")).toBe("kept\n");
    expectReady(round);
    expect(round.status.source.applied).toBe(await platform().repository.head());
  });

  it("must say what a program printed before it ended, without what would rule a terminal", async () => {
    const side = await platform().container("web/side");
    await platform().upgrade({
      [compose]: (text) =>
        text.replace(
          "api:1\n",
          `api:1\n    command: [sh, -c, "printf '\\\\033[2J\\\\342\\\\200\\\\256no licence\\\\n'; exit 7"]\n`,
        ),
    });
    const round = await platform().reconcile();
    expect(await platform().container("web/side")).toEqual(side);
    expect(await platform().pageOf("web/front")).toBe("front 2\n");
    expectFault(round, {
      code: "K3010",
      resource: `service:${platform().project("web")}/api`,
      says: "exited with code 7",
    });
    expect(round.output).toContain("no licence");
    expect(round.output).not.toMatch(rulesTerminal);
    const told = round.status.errors.find(({ code }) => code === "K3010");
    expect(told?.message).toMatch(/ exited with code 7: no licence$/);
    const idle = await platform().reconcile();
    expect(idle.status.errors.map(({ message }) => message).join()).toContain("no licence");
    await platform().upgrade({ [compose]: (text) => text.replace(/^ {4}command: .*\n/m, "") });
    expectReady(await platform().reconcile());
    expect(await platform().exec("web/api", "cat", "/data/id")).toBe("kept\n");
  });

  function find(service: string): Container | undefined {
    return before.find((container) => container.service === service);
  }
});

const alone = `
-- packages/web/compose.yaml --
services:
  api:
    image: IMAGES/api:1
    init: true
    healthcheck: { test: [CMD, test, -e, /www/index.html], interval: 1s, timeout: 1s, retries: 1 }
`;

describe("a service that a commit has made unhealthy, and that nothing waits for", () => {
  const platform = usePlatform({ release: alone });

  it("must be told with the way back for as long as it is so, and not once it was well", async () => {
    expectReady(await platform().reconcile());
    const way = "To go back to what ran before, revert the commit and push.";
    const found = async () =>
      (await platform().reconcile()).status.errors.map(({ code, hint }) => [code, hint.includes(way)]);
    await platform().upgrade({ [compose]: (text) => text.replace("index.html", "nowhere") });
    expect(await found()).toEqual([["K3005", true]]);
    expect(await found()).toEqual([["K3040", true]]);
    await platform().upgrade({ [compose]: (text) => text.replace("nowhere", "index.html") });
    expectReady(await platform().reconcile());
    await platform().exec("web/api", "rm", "/www/index.html");
    await waitFor(async () => (await platform().container("web/api")).health === "unhealthy", {
      what: "its health",
    });
    expect(await found()).toEqual([["K3040", false]]);
  });
});
