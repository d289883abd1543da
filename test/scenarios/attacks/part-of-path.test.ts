import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { makeTempFolder, uniqueName } from "../../support/index.ts";
import { usePlatform } from "../platform.ts";

/** What the environment grants of a path of the node is no more of it by its absolute path. */
const name = uniqueName("pp");
const folder = await makeTempFolder();
const media = folder.join("media");
const compose = (bind: string) => `services:
  app:
    image: IMAGES/app:1
    init: true
    stop_grace_period: 1s
    network_mode: none
    volumes: ["${bind}:/m"]
`;

describe("a part of a path that is granted", () => {
  beforeAll(async () => {
    for (const each of ["films/new", "films2", "music"]) await mkdir(join(media, each), { recursive: true });
  });
  afterAll(() => folder[Symbol.asyncDispose]());
  const platform = usePlatform({
    name,
    files: {
      [`environments/${name}/environment.yaml`]: `name: ${name}
instances:
  app: { package: ./apps/app, on: { node: n1 } }
policy: { allow: { ./apps/app: { paths: [media/films] } } }
`,
      [`environments/${name}/nodes/n1.yaml`]: "name: n1\n",
      "apps/app/compose.yaml": compose(`${media}/films`),
    },
  });

  it("is bound by its absolute path", async () => {
    await platform().configure({ allow: { paths: { media: { path: media } } } });
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect((await platform().container("app/app")).mounts).toEqual({ "/m": join(media, "films") });
  });

  it.each(["", "/music", "/films2", "/films/../music", "/films/.."])(
    "must not reach the rest of it by %s",
    async (path) => {
      await platform().push({ "apps/app/compose.yaml": compose(media + path) });
      expect((await platform().reconcile()).exitCode).toBe(1);
      expect((await platform().status()).errors.map(({ code }) => code)).toContain("K3060");
      expect((await platform().container("app/app")).mounts).toEqual({ "/m": join(media, "films") });
    },
  );

  it("may be used further in", async () => {
    await platform().push({ "apps/app/compose.yaml": compose(`${media}/films/./new`) });
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect((await platform().container("app/app")).mounts).toEqual({ "/m": join(media, "films/new") });
  });
});
