import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { uniqueName } from "../../support/index.ts";
import { makeComposeProgram } from "../compose-program.ts";
import { compareContainers } from "../fates.ts";
import { conditionOf } from "../node-status.ts";
import { type Platform, type Round, usePlatform } from "../platform.ts";

const compose = (image: string) => `services:\n  web: { image: "IMAGES/${image}", stop_grace_period: 1s }\n`;

/** A Compose program that dies of the files of these instances, as it does where memory is short. */
async function makeDyingProgram(platform: Platform, ...instances: string[]): Promise<string> {
  const flag = join(platform.folder, "short-of-memory");
  await writeFile(flag, "");
  const projects = instances.map((name) => `*" --project-name=${platform.project(name)} "*`).join("|");
  return makeComposeProgram(
    platform.folder,
    `[ -e '${flag}' ] && case " $* " in ${projects}) kill -9 $$ ;; esac`,
  );
}

const codesOf = ({ status }: Round) =>
  status.errors.map(({ code, resource, outcome }) => [code, resource, outcome]);
const upgrade = (image: string) => (text: string) => text.replace(`${image}:1`, `${image}:2`);

describe("a Compose program that ends without an answer about one instance of a repository of Compose folders", () => {
  const name = uniqueName("l");
  const paths = ["wiki", "shop", "old"].map((each) => `apps/${each}/compose.yaml`);
  const [wiki = "", shop = "", old = ""] = paths;
  const platform = usePlatform({
    name,
    files: {
      [`environments/${name}/environment.yaml`]: `name: ${name}\ndiscover: [{ path: "apps/*" }]\n`,
      [`environments/${name}/nodes/n1.yaml`]: "name: n1\n",
      [wiki]: compose("wiki:1"),
      [shop]: compose("shop:1"),
      [old]: compose("old:1"),
    },
  });
  const told = [
    ["K1425", "apps/wiki/compose.yaml:1:1", "transient"],
    ["K3051", "instance:wiki", "waiting"],
  ];
  let program: string;

  it("must hold that one, and have the others applied", async () => {
    expect((await platform().reconcile()).exitCode).toBe(0);
    const before = await platform().containers();
    program = await makeDyingProgram(platform(), "wiki");
    await platform().push({ [wiki]: upgrade("wiki"), [shop]: upgrade("shop"), [old]: null });
    const round = await platform().reconcile({ env: { KEELSON_COMPOSE: program } });
    expect(compareContainers(before, await platform().containers())).toEqual({
      "shop/web": "recreated",
      "old/web": "removed",
    });
    expect(codesOf(round)).toEqual(told);
    expect(round.status.conditions.find(({ type }) => type === "Ready")).toMatchObject({
      status: "false",
      reason: "K1425",
      message: expect.stringMatching(/^wiki is held: .*SIGKILL/),
    });
    expect(round.status.source.applied).not.toBe(round.status.source.observed);
  });

  it("must be told as long as it stands, as what is tried again and waits for nobody", async () => {
    const before = await platform().containers();
    const round = await platform().reconcile({ env: { KEELSON_COMPOSE: program } });
    expect(compareContainers(before, await platform().containers())).toEqual({});
    expect(codesOf(round)).toEqual(told);
    expect(conditionOf(round.status, "Stalled")).toBe("false");
    expect(conditionOf(round.status, "Reconciling")).toBe("true");
  });

  it("must be forgotten once Compose answers", async () => {
    await rm(join(platform().folder, "short-of-memory"));
    const round = await platform().reconcile({ env: { KEELSON_COMPOSE: program } });
    expect([round.exitCode, codesOf(round)]).toEqual([0, []]);
    expect(round.status.source.applied).toBe(round.status.source.observed);
    expect((await platform().container("wiki/web")).image).toBe(platform().image("wiki:2"));
  });
});

describe("the same with two instances of a release", () => {
  const platform = usePlatform({
    release: `
-- packages/wiki/compose.yaml --
${compose("wiki:1")}
-- packages/shop/compose.yaml --
${compose("shop:1")}
-- packages/bot/compose.yaml --
${compose("bot:1")}
`,
  });
  const upgradeOfAll = Object.fromEntries(
    ["wiki", "shop", "bot"].map((name) => [`packages/${name}/compose.yaml`, upgrade(name)]),
  );

  it("must hold the whole commit, name both, and keep up what runs", async () => {
    expect((await platform().reconcile()).exitCode).toBe(0);
    const program = await makeDyingProgram(platform(), "wiki", "shop");
    await platform().upgrade(upgradeOfAll);
    const before = await platform().containers();
    const stopped = await platform().stop("bot/web");
    const round = await platform().reconcile({ env: { KEELSON_COMPOSE: program } });
    expect(compareContainers(before, await platform().containers())).toEqual({ "bot/web": "restarted" });
    expect((await platform().container("bot/web")).id).toBe(stopped.id);
    expect(codesOf(round).map(([code, resource]) => [code, resource?.split("/").slice(-2)[0]])).toEqual([
      ["K1425", "shop"],
      ["K1425", "wiki"],
    ]);
    expect(round.status.source.target?.mode).toBe("hold");
    expect(conditionOf(round.status, "Reconciling")).toBe("true");
  });
});
