import { type LockedImage, composeLabels, imageReference, runsLockedImage } from "@keelson/model";
import {
  type Engine,
  type Registry,
  buildImageArchive,
  type engineVersions,
  hasEngine,
  loadImages,
  removeImages,
  sharedEngine,
  startEngine,
  startRegistry,
  uniqueName,
} from "@keelson/test/support";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { createContainers, findLockedReferences, observeEngine, pullImage } from "./index.ts";
import { type TestBench, makeTestBench, operationOf } from "./test-bench.ts";

const containerd = { features: { "containerd-snapshotter": true } };
const engines: [string, { version: (typeof engineVersions)[number]; config?: object }][] = [
  ["the machine's engine", { version: "own" }],
  ["Docker 28", { version: "28" }],
  ["Docker 28 with containerd's images", { version: "28", config: containerd }],
];

let registry: Registry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(async () => registry[Symbol.asyncDispose]());

/** An image of its own bytes, in the registry only. */
async function publish(name: string, files: Record<string, string>) {
  const docker = await sharedEngine();
  const built = await buildImageArchive({ tag: `${name}:1`, files, command: ["sleep", "1000"] });
  await loadImages(docker, [built]);
  try {
    return { ...built, ...(await registry.push(docker, `${name}:1`)) };
  } finally {
    await removeImages(docker, [`${name}:1`]);
  }
}

const index = "application/vnd.docker.distribution.manifest.list.v2+json";
const manifest = "application/vnd.docker.distribution.manifest.v2+json";

/** Puts an index under the tag of an image, of which this is the only one that an engine here can run. */
async function publishIndex(name: string, files: Record<string, string>) {
  const image = await publish(name, files);
  const url = (what: string) => `http://${registry.host}/v2/${name}/manifests/${what}`;
  const digest = image.pinned.slice(image.pinned.indexOf("@") + 1);
  const found = await fetch(url(digest), { headers: { accept: manifest } });
  const size = (await found.arrayBuffer()).byteLength;
  const ofPlatform = (architecture: string) => ({
    mediaType: manifest,
    size,
    digest,
    platform: { os: "linux", architecture },
  });
  const body = JSON.stringify({
    schemaVersion: 2,
    mediaType: index,
    manifests: [ofPlatform("s390x"), ofPlatform(here)],
  });
  const answer = await fetch(url("1"), { method: "PUT", headers: { "content-type": index }, body });
  expect(answer.status).toBe(201);
  const lockedImage: LockedImage = {
    digest: answer.headers.get("docker-content-digest") ?? "",
    platforms: { "linux/s390x": `sha256:${"5".repeat(64)}`, [`linux/${here}`]: image.imageId },
  };
  return { ...image, lockedImage };
}

const here = process.arch === "x64" ? "amd64" : process.arch;

describe.each(engines)("%s", (_what, options) => {
  const isThere = hasEngine(options.version);
  let engine: Engine;
  let bench: TestBench;
  beforeAll(async () => {
    if (!isThere) return;
    engine = await startEngine(options);
    bench = await makeTestBench(engine.docker, engine.dockerHost);
  });
  afterAll(async () => {
    await bench?.[Symbol.asyncDispose]();
    await engine?.[Symbol.asyncDispose]();
  });

  const observe = async (lockedImages: Record<string, LockedImage>, instance = "none") => {
    const request = bench.observation({ images: Object.keys(lockedImages), lockedImages });
    const { containers, ...seen } = await observeEngine(bench.context.engine, request);
    const project = bench.project(instance);
    return { ...seen, containers: containers.filter((each) => each.project === project) };
  };
  const referencesOf = async (service: { image: string; lockedImage: LockedImage }) => {
    const { engine: connected, signal } = bench.context;
    const found = await findLockedReferences(connected, { services: [{ name: "app", ...service }], signal });
    return found.get("app");
  };
  /** The one container of a project, made from this reference. */
  const make = async (instance: string, image: string) => {
    await bench.writeCompose(instance, { app: { image } });
    const project = bench.project(instance);
    const operation = { instance, project, services: ["app"], force: false };
    await createContainers(bench.context, operationOf("create-containers", operation));
    const filters = { label: [`${composeLabels.project}=${project}`] };
    const [container] = await bench.docker.listContainers({ all: true, filters });
    return container;
  };

  it.skipIf(!isThere)("pulls, finds and runs an index by its digest, and shows its tag", async () => {
    const { reference: image, lockedImage } = await publishIndex(uniqueName("locked"), { "/a": "1" });
    const reference = imageReference({ image, lockedImage });
    expect((await observe({ [reference]: lockedImage })).images).toEqual({ [reference]: null });
    await pullImage(bench.context, operationOf("pull-image", { image: reference }));
    expect(await referencesOf({ image, lockedImage })).toBe(reference);
    expect(await make("pulled", reference)).toMatchObject({ Image: reference });

    const { images, containers, platform } = await observe({ [reference]: lockedImage }, "pulled");
    expect(platform).toBe(`linux/${here}`);
    expect(images[reference]?.digests).toContain(
      `${image.slice(0, image.lastIndexOf(":"))}@${lockedImage.digest}`,
    );
    expect(containers).toHaveLength(1);
    for (const container of containers) expect(runsLockedImage(container, { lockedImage })).toBe(true);
    // Only the digest came: the tag may be anything.
    expect((await bench.docker.listImages()).flatMap(({ RepoTags: tags }) => tags ?? [])).not.toContain(
      image,
    );
  });

  it.skipIf(!isThere)("tells what a container that was made from the tag runs", async () => {
    const name = uniqueName("tagged");
    const first = await publishIndex(name, { "/a": "first" });
    const image = first.reference;
    await pullImage(bench.context, operationOf("pull-image", { image }));
    await make("tagged", image);
    const again = await publishIndex(name, { "/a": "second" });
    expect(again.lockedImage.digest).not.toBe(first.lockedImage.digest);
    const seen = async (lockedImage: LockedImage) => {
      const reference = imageReference({ image, lockedImage });
      const { images, containers } = await observe({ [reference]: lockedImage }, "tagged");
      return {
        isThere: images[reference] !== null,
        runs: containers.map((each) => runsLockedImage(each, { lockedImage })),
      };
    };
    expect(await seen(first.lockedImage)).toEqual({ isThere: true, runs: [true] });
    expect(await seen(again.lockedImage)).toEqual({ isThere: false, runs: [false] });
    // Ids that a lock does not have do not matter where registries know the bytes by its digest.
    expect(await seen({ digest: first.lockedImage.digest, platforms: {} })).toEqual({
      isThere: true,
      runs: [true],
    });
  });

  it.skipIf(!isThere || options.config !== undefined)(
    "finds what was loaded by its id, under whatever name",
    async () => {
      const built = await buildImageArchive({ tag: `${uniqueName("loaded")}:1`, files: { "/a": "loaded" } });
      await loadImages(bench.docker, [built]);
      const platforms = { [`linux/${here}`]: built.imageId };
      const lockedImage = { digest: `sha256:${"0".repeat(64)}`, platforms };
      for (const [image, used] of [
        [built.tag, built.tag],
        ["registry.invalid/other:1", built.imageId],
      ] as const) {
        const reference = imageReference({ image, lockedImage });
        expect((await observe({ [reference]: lockedImage })).images[reference]?.id).toBe(built.imageId);
        expect(await referencesOf({ image, lockedImage })).toBe(used);
      }
      expect(await make("loaded", built.imageId)).toMatchObject({ ImageID: built.imageId });
      const elsewhere = { ...lockedImage, platforms: { "linux/s390x": built.imageId } };
      const reference = imageReference({ image: built.tag, lockedImage: elsewhere });
      expect((await observe({ [reference]: elsewhere })).images).toEqual({ [reference]: null });
    },
  );
});
