import { mkdir, readFile } from "node:fs/promises";

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";

import { findComposeBinary } from "../../libs/compose/src/index.ts";
import { usePlatform } from "../scenarios/platform.ts";
import {
  makeTempFolder,
  outputOf,
  plainEnvironment,
  removeImages,
  runProgram,
  startRegistry,
  uniqueName,
  waitFor,
} from "../support/index.ts";
import { makeAgentBases, writeFiles } from "./base-image.ts";
import { logIn } from "./registry-login.ts";

const release = `
-- packages/web/compose.yaml --
services:
  web: { image: "IMAGES/web:1", init: true, volumes: ["./conf:/conf:ro", "./made:/made:ro"] }
-- packages/web/package.yaml --
files:
  - { template: page.liquid, to: conf/page, onChange: none, owner: "1000:1000", mode: "0600" }
  - { template: page.liquid, to: made/page, onChange: recreate }
-- packages/web/page.liquid --
{{ instance.name }} 1
`;

describe("the agent in a container", () => {
  const platform = usePlatform({ release });
  const name = uniqueName("keelson-agent");
  const cleanUp = new AsyncDisposableStack();
  let compose: (...args: string[]) => Promise<string>;
  let etc: string;

  beforeAll(async () => {
    const folder = cleanUp.use(await makeTempFolder("keelson-container-"));
    const { packageFolder, args: bases } = cleanUp.use(await makeAgentBases(name));

    etc = folder.join("etc");
    const { environment, node, server, stateDir } = platform();
    await mkdir(stateDir, { recursive: true, mode: 0o700 });
    const source = { url: server.url("platform") };
    const dockerConfig = "/etc/keelson/docker/config.json";
    const config = { environment, node, source, stateDir, dockerConfig, interval: "1s" };
    // The test's Git server is on this machine's own address only, and reached from the machine's own network.
    await writeFiles(folder.path, {
      "etc/agent.yaml": stringify(config),
      // Docker Hub is not asked.
      "bases.yaml": stringify({ services: { agent: { build: { args: bases } } } }),
    });
    const env = plainEnvironment({
      KEELSON_IMAGE: name,
      KEELSON_ETC: etc,
      KEELSON_STATE: stateDir,
      KEELSON_ENGINE: platform().dockerHost?.replace("unix://", ""),
    });
    const binary = await findComposeBinary(process.env);
    const files = ["-f", `${packageFolder}/compose.yaml`, "-f", folder.join("bases.yaml")];
    compose = async (...args) =>
      outputOf([binary, "--project-name", name, ...files, ...args], { env, timeoutMs: 180_000 });
    cleanUp.defer(async () => void (await compose("down", "--timeout", "20")));
    await compose("up", "--detach", "--build");
  });
  afterAll(async () => cleanUp.disposeAsync());

  const keelson = async (...args: string[]) => compose("exec", "-T", "agent", "keelson", ...args);
  const running = async () => {
    const said = async () => new Error(await compose("logs", "--no-log-prefix", "--tail", "20", "agent"));
    return await waitFor(
      async () => {
        const [web] = await platform().containers();
        return web?.state === "running" ? web : Promise.reject(await said());
      },
      { what: "the service" },
    );
  };

  it("must bring its host's engine to the desired state, with paths that are the host's", async () => {
    const web = await running();
    expect(web.mounts["/conf"]).toMatch(new RegExp(`^${platform().stateDir}/`));
    for (const folder of ["conf", "made"]) {
      expect(await platform().exec("web/web", "cat", `/${folder}/page`)).toBe("web 1\n");
      expect(await readFile(`${web.mounts[`/${folder}`]}/page`, "utf8")).toBe("web 1\n");
    }
    expect(await platform().exec("web/web", "stat", "-L", "-c", "%u:%g %a", "/conf/page")).toBe(
      "1000:1000 600\n",
    );
  });

  it("must repair what is changed by hand", async () => {
    const { id } = await running();
    await platform().docker.getContainer(id).kill();
    expect((await running()).id).toBe(id);
  });

  it("must follow the branch", async () => {
    await platform().upgrade({ "packages/web/page.liquid": (text) => text.replace("1", "2") });
    await keelson("sync");
    await running();
    expect(await platform().exec("web/web", "cat", "/conf/page", "/made/page")).toBe("web 2\nweb 2\n");
  });

  it("must log in to a registry by the config.json that is mounted with agent.yaml", async () => {
    const credentials = { username: "node", password: "a-passw0rd-of-the-registry" };
    await using registry = await startRegistry({ credentials });
    const { reference } = await registry.push(platform().docker, platform().image("web:1"));
    try {
      await logIn(registry.host, { ...credentials, config: `${etc}/docker` });
      const use = (from: string, to: string) =>
        platform().upgrade({ "packages/web/compose.yaml": (text) => text.replace(from, to) });
      await use(platform().image("web:1"), reference);
      await keelson("sync");
      expect((await running()).image).toBe(reference);
      await use(reference, platform().image("web:1"));
      await keelson("sync");
      expect((await running()).image).toBe(platform().image("web:1"));
    } finally {
      await removeImages(platform().docker, [reference]);
    }
  });

  it("must leave containers as they are when its own is made anew", async () => {
    const before = await platform().containers();
    await compose("up", "--detach", "--build", "--force-recreate");
    await waitFor(async () => keelson("sync"), { what: "the new agent" });
    expect(await platform().containers()).toEqual(before);
  });

  it("must be told by keelson doctor when the state folder lies elsewhere on the host", async () => {
    const { stateDir } = platform();
    const mounts = [`${etc}:/etc/keelson`, `/var/run/docker.sock:/var/run/docker.sock`];
    const examine = async (...more: string[]) => {
      const volumes = [...mounts, ...more].flatMap((mount) => ["--volume", mount]);
      const { stdout } = await runProgram(
        [
          "docker",
          "run",
          "--rm",
          "--network",
          "host",
          ...volumes,
          "--entrypoint",
          "keelson",
          name,
          "doctor",
          "--json",
        ],
        { timeoutMs: 60_000 },
      );
      const checks: { id: string; result: string; found: string }[] = JSON.parse(stdout);
      return checks.find(({ id }) => id === "state-path");
    };
    expect(await examine(`${stateDir}:${stateDir}`)).toMatchObject({ result: "ok" });
    expect(await examine(`${etc}:${stateDir}`)).toMatchObject({
      result: "failure",
      found: expect.stringContaining(etc),
    });
    expect(await examine()).toMatchObject({ result: "failure" });
  });
});
