import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { readOuterAttributes, readWorkTree } from "../../../libs/git/src/index.ts";
import { isPermitted } from "../../../libs/grants/src/index.ts";
import { NodeGrants } from "../../../libs/model/src/index.ts";
import { findComposeBinary, wireDesired } from "../../../libs/node/src/index.ts";
import { checkRevision, findAskedGrants } from "../../../libs/reconcile/src/index.ts";
import { readPage, runConsole, shellEnvironment } from "../../documents/example.ts";
import { makeGitRepository, makeTempFolder } from "../../support/index.ts";
import { readServices } from "./grant-page.ts";

const { blocks } = await readPage("docs/grants.md");
const services = readServices(blocks);
const ports = wireDesired({ composeBinary: await findComposeBinary(process.env), emit: () => {} });
const reference = { environment: "home", node: "nas" };

/** The same without one of the things that are named in it, each in turn. */
function withoutOne(grants: object): { left: string; grants: object }[] {
  return Object.entries(grants).flatMap(([kind, value]: [string, unknown]) => {
    if (typeof value !== "object" || value === null) return [{ left: kind, grants: omit(grants, kind) }];
    return Object.keys(value).map((key) => {
      const rest = Array.isArray(value) ? value.filter((_, at) => `${at}` !== key) : omit(value, key);
      return { left: `${kind} ${key}`, grants: { ...grants, [kind]: rest } };
    });
  });
}

function omit(from: object, key: string): object {
  return Object.fromEntries(Object.entries(from).filter(([each]) => each !== key));
}

it("the page must show what an ungranted service is told", async () => {
  await using repository = await makeGitRepository();
  await using home = await makeTempFolder();
  await repository.commit({
    files: {
      "apps/vpn/compose.yaml": services.find(({ name }) => name === "vpn")?.compose ?? null,
      "environments/home/nodes/nas.yaml": "name: nas\n",
      "environments/home/environment.yaml": "name: home\ninstances: { vpn: { package: ./apps/vpn } }\n",
    },
  });
  const env = await shellEnvironment(home.path, {});
  for (const block of blocks.filter(({ language }) => language === "console"))
    expect(await runConsole(block, { cwd: repository.path, env, timeoutMs: 60_000 })).toBeNull();
});

it("the page has ten services", () => {
  expect(services).toHaveLength(10);
});

describe.each(services)("the service $name of the page of grants", ({ name, node, policy, ...files }) => {
  const local = `./apps/${name}`;
  const granted = policy.allow?.[local];
  let repository: Awaited<ReturnType<typeof makeGitRepository>>;
  beforeAll(async () => {
    repository = await makeGitRepository();
    await repository.commit({
      files: {
        [`apps/${name}/compose.yaml`]: files.compose,
        [`apps/${name}/package.yaml`]: files.packageFile,
        "environments/home/nodes/nas.yaml": "name: nas\n",
      },
    });
  });
  afterAll(async () => repository[Symbol.asyncDispose]());

  /** What `keelson check` says where the environment grants this. */
  const check = async (grants: unknown) => {
    const environment = {
      name: "home",
      instances: { [name]: { package: local } },
      policy: { allow: { [local]: grants } },
    };
    await repository.write({ "environments/home/environment.yaml": JSON.stringify(environment) });
    const attributes = await readOuterAttributes(repository.path);
    const { problems, warnings } = await checkRevision(await readWorkTree(repository.path), {
      ...ports,
      attributes,
    });
    return [...problems, ...warnings].map(({ code, message }) => `${code} ${message}`);
  };

  it("must pass with the line of the environment", async () => {
    expect(await check(granted)).toEqual([]);
  });

  it("must be refused without any part of it", async () => {
    for (const { left, grants } of withoutOne(typeof granted === "object" ? granted : {}))
      expect([left, await check(grants)]).toEqual([
        left,
        expect.arrayContaining([expect.stringMatching(/^K14/)]),
      ]);
    expect(await check({})).toEqual(expect.arrayContaining([expect.stringMatching(/^K14/)]));
  });

  it("must be permitted by the line of the node, and not without any part of it", async () => {
    await check(granted);
    const { asked } = await findAskedGrants(await readWorkTree(repository.path), { reference, ports });
    const refused = (grants: object) =>
      asked.filter(({ ask }) => !isPermitted(ask, NodeGrants.parse(grants)));
    expect(refused(node)).toEqual([]);
    for (const { left, grants } of withoutOne(node))
      expect([left, refused(grants).length]).not.toEqual([left, 0]);
  });
});
