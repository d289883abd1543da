import { beforeAll, describe, expect, it } from "vitest";

import { sharedEngine, uniqueName } from "../../support/index.ts";
import { usePlatform } from "../platform.ts";

/** The engine looks for a network by its id first: one that is called like the id of another would be mistaken for that one. */
const name = uniqueName("ni");
const head = `image: "IMAGES/app:1", init: true, stop_grace_period: 1s, command: [sleep, "3600"]`;
const compose = "apps/app/compose.yaml";
const file = `environments/${name}/environment.yaml`;
const environment = (more = "") => `name: ${name}
instances:
  app: { package: ./apps/app, on: { node: n1 } }
${more}`;
const joining = (definition: object) =>
  `services:\n  app: { ${head}, networks: [q] }\nnetworks: { q: ${JSON.stringify(definition)} }\n`;

describe("a network that is called like the id of somebody else's", () => {
  let id = "";
  beforeAll(async () => {
    // It goes with all that has the platform's name.
    const network = await (await sharedEngine()).createNetwork({ Name: `${name}-foreign` });
    ({ id } = network);
  });
  const harmless = () => `0${name.replaceAll(/[^0-9a-f]/g, "0")}${"a1".repeat(31)}`.slice(0, 63);
  const platform = usePlatform({
    name,
    files: {
      [file]: environment(),
      [`environments/${name}/nodes/n1.yaml`]: "name: n1\n",
      [compose]: joining({}),
      "apps/app/.env": "NET=\n",
    },
  });
  const isAlone = async () => {
    const { Containers: members = {} } = await (await sharedEngine()).getNetwork(id).inspect();
    return Object.keys(members).length === 0;
  };

  it.each<[string, () => Record<string, string>]>([
    ["made by a package", () => ({ [compose]: joining({ name: id }) })],
    ["joined by a package", () => ({ [compose]: joining({ name: id, external: true }) })],
    [
      "joined by its key",
      () => ({ [compose]: joining({}).replaceAll("q", id).replace("{}", "{external: true}") }),
    ],
    [
      "made by a package that has the name from a variable",
      () => ({ [compose]: joining({ name: "${NET}" }), "apps/app/.env": `NET=${id}\n` }),
    ],
    [
      "made by the environment",
      () => ({
        [file]: environment(`networks: { "${id}": {} }\n`),
        [compose]: joining({ external: true, name: id }),
      }),
    ],
  ])("must not be joined: %s", async (_what, changes) => {
    await platform().push(changes());
    expect((await platform().reconcile()).exitCode).toBe(1);
    expect((await platform().status()).errors.map(({ code }) => code)).toContain("K1415");
    expect(await isAlone()).toBe(true);
    await platform().push({ [file]: environment(), [compose]: joining({}), "apps/app/.env": "NET=\n" });
  });

  it("may have a name of one digit less", async () => {
    await platform().push({ [compose]: joining({ name: harmless() }) });
    expect((await platform().reconcile()).exitCode).toBe(0);
    const docker = await sharedEngine();
    const { Containers: members = {} } = await docker.getNetwork(harmless()).inspect();
    expect(Object.keys(members)).toHaveLength(1);
    expect(await isAlone()).toBe(true);
    await platform().push({ [compose]: joining({}) });
    expect((await platform().reconcile()).exitCode).toBe(0);
  });
});
