import { writeFile } from "node:fs/promises";

import { composeLabels } from "@keelson/model";
import {
  buildImageArchive,
  loadImages,
  makeTempFolder,
  outputOf,
  removeImages,
  removeProjects,
  sharedEngine,
  uniqueName,
} from "@keelson/test/support";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";

const hashLabel = "com.docker.compose.config-hash";
const project = uniqueName("hash");
const tag = `${project}:1`;
const service = { image: tag, environment: { A: "1" }, volumes: ["data:/data", "./here:/here"] };

beforeAll(async () => {
  await loadImages(await sharedEngine(), [await buildImageArchive({ tag, command: ["sleep", "100"] })]);
});
afterAll(async () => {
  const docker = await sharedEngine();
  await removeProjects(docker, project);
  await removeImages(docker, [tag]);
});

/** Compose in a folder of its own. */
async function makeStack() {
  const folder = await makeTempFolder();
  const compose = async (document: object, ...args: string[]) => {
    await writeFile(folder.join("compose.yaml"), stringify(document));
    const program = process.env["KEELSON_COMPOSE"] ?? "docker-compose";
    return outputOf([program, "-p", project, ...args], { cwd: folder.path });
  };
  const hash = async (document: object) =>
    (await compose(document, "config", "--hash", "app")).trim().split(" ").at(-1);
  return { folder, compose, hash, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

// Decision 0054 stands on these.
describe("the hash that Compose gives a container", () => {
  const document = { services: { app: service }, volumes: { data: {} } };

  it("must not stand for what the container is: it stays what it was whatever is done to it", async () => {
    const docker = await sharedEngine();
    await using stack = await makeStack();
    await stack.compose(document, "create");
    const [listed] = await docker.listContainers({
      all: true,
      filters: { label: [`${composeLabels.project}=${project}`] },
    });
    const container = docker.getContainer(listed?.Id ?? "");
    const hash = await stack.hash(document);
    await container.update({ Memory: 64 * 1024 * 1024, MemorySwap: -1 });
    await docker.getNetwork(`${project}_default`).disconnect({ Container: container.id });
    const changed = await container.inspect();
    expect(changed.Config.Labels[hashLabel]).toBe(hash);
    expect(changed.HostConfig.Memory).toBe(64 * 1024 * 1024);
    expect(changed.NetworkSettings.Networks).toEqual({});
    // As other tools do that make a container anew with other settings and keep its labels.
    const { Config: config, HostConfig: host } = changed;
    await container.remove({ force: true });
    const copy = await docker.createContainer({ ...config, HostConfig: host, Env: ["A=2"] });
    const copied = await copy.inspect();
    expect(copied.Config.Labels[hashLabel]).toBe(hash);
    expect(copied.Config.Env).toContain("A=2");
  });

  it("must not stand for the same data, and must not be needed for it", async () => {
    await using stack = await makeStack();
    await using other = await makeStack();
    const hash = await stack.hash(document);
    const elsewhere = { ...document, volumes: { data: { name: `${project}-other` } } };
    expect(await stack.hash(elsewhere)).toBe(hash);
    expect(await other.hash(document)).not.toBe(hash);
    const spelled = {
      ...document,
      services: { app: { ...service, networks: { default: { aliases: ["app"] } } } },
    };
    expect(await stack.hash(spelled)).not.toBe(hash);
  });
});
