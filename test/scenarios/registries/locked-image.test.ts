import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  buildImageArchive,
  loadImages,
  removeImages,
  sharedEngine,
  startRegistry,
  uniqueName,
} from "../../support/index.ts";
import type { Registry } from "../../support/index.ts";
import { expectFault, expectReady } from "../faults/outcome.ts";
import { usePlatform, withPlatform } from "../platform.ts";
import type { Platform } from "../platform.ts";

const name = uniqueName("lk");
const repository = `${name}/web`;
const folder = `apps/${name}`;
const lockFile = `${folder}/images.lock.yaml`;

/** Two services of one tag, and one of an image that nothing locks. */
const compose = (image: string) => `services:
  web: { image: "${image}", stop_grace_period: 1s }
  job: { image: "${image}", command: ["cat", "/www/index.html"], restart: "no" }
  side: { image: "IMAGES/side:1", stop_grace_period: 1s }
`;

const files = (image: string) => ({
  [`environments/${name}/environment.yaml`]: `name: ${name}\ninstances:\n  app: { package: "./${folder}"}\n`,
  [`environments/${name}/nodes/n1.yaml`]: "name: n1\n",
  [`${folder}/package.yaml`]: 'services:\n  job: { schedule: "0 3 1 1 *" }\n',
  [`${folder}/compose.yaml`]: compose(image),
});

interface Published {
  /** Of the manifest. */
  digest: string;
  /** Of its configuration. */
  id: string;
}

describe("an image that is locked", () => {
  let registry: Registry;
  const bytes: Record<string, Published> = {};
  const image = () => `${registry.host}/${repository}:1`;
  afterAll(async () => {
    await removeImages(await sharedEngine(), [image(), ...Object.values(bytes).map(pinned)]);
    await registry[Symbol.asyncDispose]();
  });
  const pinned = ({ digest }: Published) => `${registry.host}/${repository}@${digest}`;
  const placeholder = files("IMAGES/side:1");
  const platform = usePlatform({ name, files: placeholder });

  /** Pushes other bytes to the one tag. */
  const publish = async (word: string): Promise<Published> => {
    const docker = platform().docker;
    const tag = `${repository}:1`;
    const built = await buildImageArchive({ tag, files: { "/www/index.html": `${word}\n` } });
    await loadImages(docker, [built]);
    const { pinned: found } = await registry.push(docker, tag);
    await removeImages(docker, [tag]);
    const published = { digest: found.slice(found.indexOf("@") + 1), id: built.imageId };
    bytes[word] = published;
    return published;
  };
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const lockOf = ({ digest, id }: Published) =>
    `images:\n  "${image()}": { digest: "${digest}", platforms: { linux/${architecture}: "${id}" } }\n`;
  const lock = async (to: Published, of = platform()) => of.push({ [lockFile]: lockOf(to) });
  const idOf = async (service: string) => (await platform().container(`app/${service}`)).id;
  const imageOf = async (service: string, of: Platform = platform()) => {
    const { instances } = await of.status();
    return instances[0]?.services.find((each) => each.name === service)?.image;
  };
  const keelson = async (...args: string[]) =>
    platform().keelson([...args.slice(0, 1), "--config", platform().config, ...args.slice(1)]);

  beforeAll(async () => {
    registry = await startRegistry();
    await publish("first");
    await platform().push({ [`${folder}/compose.yaml`]: compose(image()) });
    expectReady(await platform().reconcile());
  });

  it("must be told as its tag alone, before anything locks it", async () => {
    expect(await platform().pageOf("app/web")).toBe("first\n");
    expect(await imageOf("web")).toEqual({
      want: image(),
      have: image(),
      digest: bytes["first"]?.digest,
    });
  });

  it("must be recreated by no lock of the bytes that run, and the status must show tag and digest", async () => {
    const { first } = bytes;
    if (first === undefined) throw new Error("nothing was published");
    const before = await platform().containers();
    await lock(first);
    const { stdout: plan } = await keelson("plan");
    expect(plan).not.toMatch(/recreate|pull/);
    const round = await platform().reconcile();
    expectReady(round);
    expect(await platform().containers()).toEqual(before);
    expect((await keelson("plan")).stdout).toContain("nothing to do");
    const { digest } = first;
    expect(await imageOf("web")).toEqual({ want: image(), have: image(), locked: digest, digest });
    const { stdout } = await keelson("status", "--local");
    expect(stdout).toMatch(new RegExp(`web .* ${image()} ${digest.slice(0, 19)}\n`));
    // It has no container between its runs.
    expect(stdout).toMatch(new RegExp(`job .* ${image()} locked to ${digest.slice(0, 19)}\n`));
  });

  it("must not change on a node when its tag is pushed again, pulled by hand, or missing", async () => {
    const web = await idOf("web");
    const second = await publish("second");
    expect(second.digest).not.toBe(bytes["first"]?.digest);
    expectReady(await platform().reconcile());
    const docker = platform().docker;
    await new Promise((resolve, reject) => {
      docker.pull(image(), {}, (error, stream) => {
        if (error !== null || stream === undefined) reject(error ?? new Error("no answer"));
        else
          docker.modem.followProgress(stream, (failure) =>
            failure === null ? resolve(null) : reject(failure),
          );
      });
    });
    const round = await platform().reconcile();
    expectReady(round);
    expect((await keelson("plan")).stdout).toContain("nothing to do");
    expect(await idOf("web")).toBe(web);
    // What is run once more is of the locked bytes, too, and so is what a schedule runs.
    expect((await keelson("run", "app", "web", "--", "cat", "/www/index.html")).stdout).toBe("first\n");
    expect((await keelson("run", "app", "job")).stdout).toBe("first\n");
  });

  it("must be told of in plan and status when the lock moves, and recreate exactly its service", async () => {
    const { first, second } = bytes;
    if (first === undefined || second === undefined) throw new Error("nothing was published");
    const side = await idOf("side");
    await lock(second);
    const { stdout: plan } = await keelson("plan");
    expect(plan).toContain(
      `image: locked digest is ${second.digest.slice(0, 19)}, runs ${first.digest.slice(0, 19)}`,
    );
    expect(plan).not.toContain("side");
    expectReady(await platform().reconcile());
    expect(await platform().pageOf("app/web")).toBe("second\n");
    expect(await idOf("side")).toBe(side);
    expect((await platform().container("app/web")).image).toBe(`${image()}@${second.digest}`);
    const { digest } = second;
    expect(await imageOf("web")).toEqual({ want: image(), have: image(), locked: digest, digest });
    expect((await keelson("run", "app", "job")).stdout).toBe("second\n");
  });

  it("must run what it ran when the lock moves back, without its registry, while the node has the image", async () => {
    const { first } = bytes;
    if (first === undefined) throw new Error("nothing was published");
    await registry.stop();
    await lock(first);
    expectReady(await platform().reconcile());
    expect(await platform().pageOf("app/web")).toBe("first\n");
    await registry.start();
  });

  it("must stay as it runs while the registry does not give what the lock names", async () => {
    const third = await publish("third");
    const before = await platform().containers();
    await lock(third);
    await registry.stop();
    const round = await platform().reconcile();
    expectFault(round, {
      code: "K3003",
      resource: `image:${image()}@${third.digest}`,
      says: "does not answer",
    });
    expect(await platform().containers()).toEqual(before);
    expect(await imageOf("web")).toEqual({
      want: image(),
      have: image(),
      locked: third.digest,
      digest: bytes["first"]?.digest,
    });
    const { stdout } = await keelson("status", "--local");
    expect(stdout).toContain(
      `${bytes["first"]?.digest.slice(0, 19)}, locked to ${third.digest.slice(0, 19)}`,
    );
    await registry.start();
    expectReady(await platform().reconcile());
    expect(await platform().pageOf("app/web")).toBe("third\n");
  });

  it("must be what a new node gets, whatever its tag names by then", async () => {
    const { first } = bytes;
    if (first === undefined) throw new Error("nothing was published");
    await withPlatform(
      { name: `${name}2`, engine: "own", files: renamed({ ...files(image()), [lockFile]: lockOf(first) }) },
      async (fresh) => {
        expectReady(await fresh.reconcile());
        expect(await fresh.pageOf("app/web")).toBe("first\n");
        expect((await fresh.docker.listImages()).flatMap(({ RepoTags: tags }) => tags ?? [])).not.toContain(
          image(),
        );
        // It is all there: the tag that names something else is never asked for.
        const before = await fresh.containers();
        expectReady(await fresh.reconcile());
        expect(await fresh.containers()).toEqual(before);
      },
    );
  });

  it("must be refused on a node that it has no image for, and leave what runs", async () => {
    const { first } = bytes;
    if (first === undefined) throw new Error("nothing was published");
    const before = await platform().containers();
    const digest = `sha256:${"0".repeat(64)}`;
    await platform().push({
      [lockFile]: `images:\n  "${image()}": { digest: "${digest}", platforms: { linux/s390x: "${digest}" } }\n`,
    });
    const round = await platform().reconcile();
    expect(round.status.errors).toContainEqual(
      expect.objectContaining({
        code: "K3083",
        resource: `service:${platform().project("app")}/web`,
        message: expect.stringContaining("is for linux/s390x"),
      }),
    );
    expect(await platform().containers()).toEqual(before);
  });
});

/** The same of an environment of another name. */
function renamed(of: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(of).map(([path, text]) => [
      path.replace(`environments/${name}/`, `environments/${name}2/`),
      text.replace(`name: ${name}\n`, `name: ${name}2\n`),
    ]),
  );
}
