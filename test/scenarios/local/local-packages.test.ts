import { describe, expect, it } from "vitest";

import { compareText } from "../../../libs/model/src/index.ts";
import { uniqueName } from "../../support/index.ts";
import { usePlatform } from "../platform.ts";

const name = uniqueName("l");
const books = `apps/${name}-my.books`;
const wiki = `apps/${name}-wiki`;

const service = (image: string, more = "") =>
  `  app: { image: "IMAGES/${image}", init: true, stop_grace_period: 1s, network_mode: none${more} }\n`;

const home = `name: ${name}
discover:
  - { path: "apps/*", on: { node: n1 }, project: folder }
instances:
  books: { package: "./${books}" }
  ${name}-wiki: { package: ./${wiki}, settings: { TITLE: first } }
  second: { package: ./${wiki}, settings: { TITLE: second } }
`;

const files = {
  [`environments/${name}/environment.yaml`]: home,
  [`environments/${name}/nodes/n1.yaml`]: "name: n1\n",
  [`${books}/docker-compose.yml`]: `services:\n${service("books:1", ', volumes: ["data:/data"]')}volumes: { data: {} }\n`,
  [`${books}/shelf.txt`]: "a\n",
  [`${wiki}/compose.yaml`]: `services:\n${service("wiki:1", ', labels: { title: "$TITLE" }')}`,
  [`apps/${name}-old/compose.yaml`]: `services:\n${service("old:1")}`,
  "README.md": "What runs at home.\n",
};

describe("a repository of Compose folders", () => {
  const platform = usePlatform({ name, files });
  const ids = async () =>
    Object.fromEntries((await platform().containers()).map(({ project, id }) => [project, id]));
  const keelson = async (...args: string[]) =>
    platform().keelson([...args.slice(0, 1), "--config", platform().config, ...args.slice(1)]);

  it("must run as it stands, with no release and no lock, and keep the projects of its folders", async () => {
    expect(await platform().keelson(["check"])).toMatchObject({ exitCode: 0 });
    expect((await keelson("plan")).stdout).toContain(`${name}-mybooks/app`);
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect(Object.keys(await ids()).sort()).toEqual(
      [`${name}-mybooks`, `${name}-old`, `${name}-second`, `${name}-wiki`].sort(),
    );
    const titles = (await platform().containers()).flatMap(({ labels }) => labels["title"] ?? []);
    expect(titles.toSorted(compareText)).toEqual(["first", "second"]);
    const { instances } = await platform().status();
    expect(instances.map(({ name: instance, package: of }) => [instance, of])).toEqual([
      ["books", `./${books}`],
      [`${name}-old`, `./apps/${name}-old`],
      [`${name}-wiki`, `./${wiki}`],
      ["second", `./${wiki}`],
    ]);
    expect((await keelson("status", "--local")).stdout).toMatch(new RegExp(`\\./${books}@[0-9a-f]{7} `));
  });

  it("must be looked into by the names of its instances", async () => {
    expect(await keelson("exec", "books", "app", "echo", "hello")).toMatchObject({
      exitCode: 0,
      stdout: "hello\n",
    });
    expect(await keelson("logs", "books")).toMatchObject({ exitCode: 0 });
    expect(await keelson("run", "books", "app", "echo", "hello")).toMatchObject({
      exitCode: 0,
      stdout: "hello\n",
    });
  });

  it("must change the one instance whose folder changes, and no other", async () => {
    const before = await ids();
    await platform().push({ [`${books}/docker-compose.yml`]: (text) => text.replace("books:1", "books:2") });
    expect((await platform().reconcile()).exitCode).toBe(0);
    const { [`${name}-mybooks`]: changed, ...others } = await ids();
    expect(changed).not.toBe(before[`${name}-mybooks`]);
    expect(before).toMatchObject(others);
    await platform().push({ "README.md": "What runs at home, and why.\n", [`${books}/shelf.txt`]: "b\n" });
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect(await ids()).toEqual({ ...others, [`${name}-mybooks`]: changed });
  });

  it("must leave what runs where a folder has lost its Compose file, and say which", async () => {
    const before = await ids();
    const text = await platform().repository.git("show", `HEAD:${books}/docker-compose.yml`);
    await platform().push({ [`${books}/docker-compose.yml`]: null });
    expect((await platform().reconcile()).exitCode).toBe(1);
    expect(await ids()).toEqual(before);
    const { errors } = await platform().status();
    expect(errors.map(({ code }) => code)).toContain("K1120");
    expect((await platform().keelson(["check"])).stderr).toContain(
      `environments/${name}/environment.yaml:5:21 ./${books} has no Compose file`,
    );
    await platform().push({ [`${books}/docker-compose.yml`]: `${text}\n` });
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect(await ids()).toEqual(before);
  });

  it("must take away an instance whose folder leaves with all that is in it, and keep its data", async () => {
    await platform().push({
      [`environments/${name}/environment.yaml`]: (text) => text.replace(/^ {2}books:.*\n/m, ""),
      [`${books}/docker-compose.yml`]: null,
      [`${books}/shelf.txt`]: null,
    });
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect(Object.keys(await ids()).sort()).toEqual([`${name}-old`, `${name}-second`, `${name}-wiki`]);
    const { Volumes: volumes } = await platform().docker.listVolumes();
    expect(volumes.map(({ Name: volume }) => volume)).toContain(`${name}-mybooks_data`);
  });
});
