import type { SourceFile } from "@keelson/model";
import { describe, expect, it } from "vitest";

import { readLocal } from "./read-local.ts";
import { readSnapshot } from "./read-snapshot.ts";
import { snapshotOfFiles } from "./test-snapshot.ts";

const compose = "services: { a: { image: a } }\n";
const home = {
  "environments/home/environment.yaml":
    "name: home\ndiscover: [{ path: apps/* }]\ninstances: { vpn: { package: ./net/vpn } }\n",
  "environments/home/nodes/nas.yaml": "name: nas\n",
  "apps/wiki/compose.yaml":
    "services: { wiki: { extends: { file: ../../common/base.yaml, service: base } } }\n",
  "common/base.yaml": "services: { base: { image: a, env_file: tz/tz.env, volumes: ['./conf:/conf:ro'] } }\n",
  "common/tz/tz.env": "TZ=UTC\n",
  "common/conf/deep/a": "1",
  "common/other.yaml": compose,
  "net/vpn/compose.yaml": compose,
  "photos/huge.jpg": "not to be read",
};
const links = { "apps/wiki/shared": "../../media/current", "media/current": "v2" };
const behind = { "media/v2/a": "a", "media/v1/a": "a" };

function filesOf(texts: Record<string, string>): Map<string, SourceFile> {
  const entries = Object.entries({ ...home, ...behind, ...texts, ...links });
  return new Map(
    entries.map(([path, text]) => [
      path,
      { path, mode: path in links ? "120000" : "100644", bytes: new TextEncoder().encode(text) },
    ]),
  );
}

async function read(texts: Record<string, string> = {}) {
  const files = filesOf(texts);
  const environments = new Map([...files].filter(([path]) => path.startsWith("environments/")));
  const local = await readLocal(snapshotOfFiles(files), environments);
  return { paths: [...local.files.keys()].sort(), listed: local.listed };
}

describe("what is read for local packages", () => {
  it("must be their folders, what those reach by steps and links, and nothing else of the repository", async () => {
    expect((await read()).paths).toEqual([
      "apps/wiki/compose.yaml",
      "apps/wiki/shared",
      "common/base.yaml",
      "common/conf/deep/a",
      "common/tz/tz.env",
      "media/current",
      "media/v2/a",
      "net/vpn/compose.yaml",
    ]);
  });

  it("must be what settings of an instance and of a node make of its paths", async () => {
    const { paths } = await read({
      "environments/home/environment.yaml":
        "name: home\ndiscover: [{ path: apps/* }]\ninstances: { vpn: { package: ./net/vpn, settings: { WHICH: first } } }\n",
      "environments/home/nodes/nas.yaml":
        "name: nas\ninstances: { vpn: { settings: { WHICH: second } }, wiki: { settings: { DATA: ../../data } } }\n",
      "net/vpn/compose.yaml":
        "include: ['../../common/${WHICH}.yaml']\nservices: { a: { image: a, env_file: '../../common/${WHICH}.env' } }\n",
      "common/first.yaml": compose,
      "common/second.yaml": compose,
      "common/second.env": "",
      "common/third.yaml": compose,
      "apps/wiki/compose.yaml":
        "services: { wiki: { image: a, volumes: ['${DATA:-./data}/conf:/conf:ro'] } }\n",
      "data/conf/a": "1",
    });
    expect(paths.filter((path) => /^(?:common|data)/.test(path))).toEqual([
      "common/first.yaml",
      "common/second.env",
      "common/second.yaml",
      "data/conf/a",
    ]);
  });

  it("must be what any document of a Compose file names", async () => {
    const { paths } = await read({
      "net/vpn/compose.yaml": `${compose}---\ninclude: [../../common/other.yaml]\n`,
    });
    expect(paths).toContain("common/other.yaml");
  });

  it("must be nothing where no environment has one", async () => {
    const environment = "name: home\n";
    expect(await read({ "environments/home/environment.yaml": environment })).toEqual({
      paths: [],
      listed: [],
    });
  });

  it("must be known of what lies beside a folder that is not there", async () => {
    const environment = "name: home\ninstances: { vpn: { package: ./net/vnp } }\n";
    const { repository: _, ...said } = await readSnapshot(
      snapshotOfFiles(filesOf({ "environments/home/environment.yaml": environment })),
      { environment: "home", node: "nas" },
    );
    expect(said.problems).toMatchObject([{ code: "K1120", hint: "did you mean `./net/vpn`?" }]);
  });

  it("must end where files name each other without end", async () => {
    const chain = Object.fromEntries(
      Array.from({ length: 40 }, (_, at) => [
        `chain${at}/x.yaml`,
        `services: { a: { extends: { file: ../chain${at + 1}/x.yaml, service: a } } }\n`,
      ]),
    );
    const first = { "apps/wiki/compose.yaml": "include: [../../chain0/x.yaml]\n" };
    const { paths } = await read({ ...chain, ...first });
    expect(paths.filter((path) => path.startsWith("chain")).length).toBeLessThan(20);
  });
});

it("a link of a local package stands for what it leads to", async () => {
  const { repository, problems } = await readSnapshot(snapshotOfFiles(filesOf({})), {
    environment: "home",
    node: "nas",
  });
  expect(problems).toEqual([]);
  const wiki = repository.local.get("./apps/wiki");
  expect([...(wiki?.files.keys() ?? [])]).toEqual(["compose.yaml", "shared/a"]);
  expect([...(wiki?.reached.keys() ?? [])]).toEqual([
    "common/base.yaml",
    "common/conf/deep/a",
    "common/tz/tz.env",
  ]);
});
