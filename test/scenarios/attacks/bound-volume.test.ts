import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { makeTempFolder, sharedEngine, uniqueName } from "../../support/index.ts";
import { usePlatform } from "../platform.ts";

/**
 * A volume with `o: bind` writes a folder of the host as a bind does. Who writes there could put a link in the place of what
 * another container binds below it, and the engine would follow it whenever it starts that container.
 */
const name = uniqueName("bv");
const folder = await makeTempFolder();
const media = folder.join("media");
const theirs = `${name}-theirs`;
const head = `image: "IMAGES/app:1", init: true, stop_grace_period: 1s, command: [sleep, "3600"], network_mode: none`;
const driver = (device: string) => ({ type: "none", o: "bind", device });

const writer = (volume: object, more = "") =>
  `services:\n  app: { ${head}${more}, volumes: ["data:/x"] }\nvolumes: { data: ${JSON.stringify(volume)} }\n`;
const own = { driver_opts: driver(join(media, "w")) };
const victim = "apps/reader/compose.yaml";
const reader = (source: string) =>
  `services:\n  app: { ${head}, restart: always, volumes: ["${source}:/m:ro"] }\n`;

const grants = JSON.stringify({ paths: ["media"], volumes: [theirs] });
const file = `environments/${name}/environment.yaml`;
const environment = (...instances: string[]) => `name: ${name}
instances:
${["reader", "apart", ...instances].map((each) => `  ${each}: { package: ./apps/${each}, on: { node: n1 } }\n`).join("")}
policy: { partial: true, allow: { ${["reader", "apart", ...instances].map((each) => `./apps/${each}: ${grants}`).join(", ")} } }
`;
const files = {
  [file]: environment("writer"),
  [`environments/${name}/nodes/n1.yaml`]: "name: n1\n",
  "apps/writer/compose.yaml": writer(own),
  "apps/apart/compose.yaml": writer({ driver_opts: driver(join(media, "v")) }),
  "apps/guest/compose.yaml": writer({ external: true, name: theirs }),
  [victim]: reader(join(media, "other")),
};

describe("a volume that writes a folder of the host", () => {
  beforeAll(async () => {
    await mkdir(join(media, "w/sub"), { recursive: true });
    await mkdir(join(media, "v"));
    await mkdir(join(media, "other"));
    await mkdir(folder.join("secret"));
    await writeFile(folder.join("secret/key"), "nobody's");
    await writeFile(join(media, "w/sub/note"), "read me");
    // It goes with all that has the platform's name.
    const docker = await sharedEngine();
    await docker.createVolume({ Name: theirs, DriverOpts: driver(join(media, "w")) });
  });
  afterAll(() => folder[Symbol.asyncDispose]());
  const platform = usePlatform({ name, files });

  const sources = async () => Object.values((await platform().container("reader/app")).mounts);
  const codes = async () => (await platform().status()).errors.map(({ code }) => code);
  const push = async (changes: Record<string, string>) => {
    await platform().push(changes);
    return (await platform().reconcile()).exitCode;
  };
  /** What may be beside each other, and works. */
  const calm = async (...instances: string[]) => {
    const changes = { [file]: environment(...instances), [victim]: reader(join(media, "other")) };
    expect(await push({ ...changes, "apps/writer/compose.yaml": writer(own) })).toBe(0);
    expect(await sources()).toEqual([join(media, "other")]);
  };

  it("works beside a bind", async () => {
    await platform().configure({ allow: { paths: { media: { path: media } }, volumes: [theirs] } });
    await calm("writer");
    await platform().exec("writer/app", "sh", "-c", "echo 1 > /x/written");
    expect(await readFile(join(media, "w/written"), "utf8")).toBe("1\n");
  });

  it("must not lead a bind away while its instance is held and runs on", async () => {
    const held = { "apps/writer/compose.yaml": writer(own, ", privileged: true") };
    expect(await push({ ...held, [victim]: reader(join(media, "w/sub")) })).toBe(1);
    expect(await codes()).toContain("K3018");
    const plant = `mv /x/sub /x/sub.d && ln -s ${folder.join("secret")} /x/sub`;
    await platform().exec("writer/app", "sh", "-c", plant);
    expect((await platform().reconcile()).exitCode).toBe(1);
    expect(await sources()).toEqual([join(media, "other")]);
    await platform().exec("writer/app", "sh", "-c", "rm /x/sub && mv /x/sub.d /x/sub");
    await calm("writer");
  });

  it("must not lead one away by a link to what is permitted", async () => {
    await platform().exec("writer/app", "sh", "-c", `ln -s ${media}/other /x/link`);
    expect(await push({ [victim]: reader(join(media, "w/link")) })).toBe(1);
    expect(await codes()).toContain("K3064");
    await platform().exec("writer/app", "rm", "/x/link");
    await calm();
  });

  it("must not lead one away where a neighbour has it", async () => {
    const docker = await sharedEngine();
    const foreign = await docker.createContainer({
      name: `${name}-neighbour`,
      Image: platform().image("app:1"),
      Cmd: ["sleep", "3600"],
      HostConfig: { Binds: [`${theirs}:/x`], NetworkMode: "none" },
    });
    try {
      expect(await push({ [victim]: reader(join(media, "w/sub")) })).toBe(1);
      expect(await codes()).toContain("K3018");
      expect(await sources()).toEqual([join(media, "other")]);
    } finally {
      await foreign.remove({ force: true });
    }
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect(await platform().exec("reader/app", "cat", "/m/note")).toContain("read me");
    await calm("guest");
  });

  it("must not lead one away where somebody else made it and a grant names it", async () => {
    expect(await push({ [victim]: reader(join(media, "w/sub")) })).toBe(1);
    expect(await codes()).toContain("K3064");
    expect(await sources()).toEqual([join(media, "other")]);
  });

  it("may be of the same folder, or of one beside it", async () => {
    expect(await push({ [victim]: reader(join(media, "w")) })).toBe(0);
    expect(await platform().exec("reader/app", "cat", "/m/written")).toContain("1");
    expect(await push({ [file]: environment() })).toBe(0);
    expect(await push({ [victim]: reader(join(media, "w/sub")) })).toBe(0);
    expect(await platform().exec("reader/app", "cat", "/m/note")).toContain("read me");
  });
});
