import { describe, expect, test } from "vitest";

import { readRepository } from "./repository.ts";
import { changed, lines, platform, problemsAfter, replace } from "./test-files.ts";

const lab = "environments/lab/environment.yaml";
const lock = "environments/lab/lock.yaml";
const node = "environments/lab/nodes/lab-1.yaml";
const core = "releases/pryv/1.9.2/packages/core/package.yaml";
const storage = "releases/pryv/1.9.2/packages/storage/package.yaml";

function problemsOf(change: Parameters<typeof changed>[0]): string[] {
  return lines(readRepository(changed(change)).problems).map((line) => line.replaceAll("environments/", ""));
}

/** The platform with one more instance, locked. */
function withInstance(name: string, fields: string) {
  return {
    [lab]: (text: string) => text.replace("instances:", `instances:\n  ${name}: { ${fields} }`),
    [lock]: (text: string) =>
      text.replace("instances:", `instances:\n  ${name}: { package: pryv/core, version: 1.9.2 }`),
  };
}

describe("extends", () => {
  test("must name an environment", () => {
    expect(problemsAfter({ [lab]: replace("extends: base", "extends: bsae") })).toBe(
      `error[K1110] ${lab}:2:10 there is no environment \`bsae\`
   2 | extends: bsae
     |          ^
  hint: did you mean \`base\`?`,
    );
  });

  test("must not lead back", () => {
    expect(problemsOf({ "environments/base/environment.yaml": (text) => `${text}extends: lab\n` })).toEqual([
      "K1112 lab/environment.yaml:2:10 these environments extend each other: base → lab → base",
    ]);
    expect(problemsOf({ [lab]: replace("extends: base", "extends: lab") })).toEqual([
      "K1112 lab/environment.yaml:2:10 these environments extend each other: lab → lab",
    ]);
  });

  test("leaves an environment out whose base cannot be read, without a word of its own", () => {
    const files = changed({ "environments/base/environment.yaml": "name: [\n" });
    const { repository, problems } = readRepository(files);
    expect(problems.map(({ file }) => file)).toEqual(["environments/base/environment.yaml"]);
    expect([...repository.environments.keys()]).toEqual([]);
  });
});

describe("networks of the environment", () => {
  const networks = (text: string) => ({ [lab]: (before: string) => `${before}networks:\n  ${text}\n` });
  const found = (text: string) =>
    problemsOf(networks(text)).map((line) => line.replace(/ lab\/environment\.yaml:\d+:\d+/, ""));

  test.each([
    "proxy:",
    "My.net_1: { driver: bridge, internal: true, labels: { a: b } }",
    "proxy: { ipam: { config: [{ subnet: 10.1.2.0/24, gateway: 10.1.2.1, ip_range: 10.1.2.128/25 }] } }",
    "proxy: { ipam: { config: [{ subnet: 203.0.113.0/24 }, { subnet: 10.0.0.0/8 }] } }",
    "lan: { driver: macvlan, driver_opts: { parent: eth0.20, macvlan_mode: bridge } }",
    "proxy: { enable_ipv6: true, ipam: { config: [{ subnet: 'fd00:1::/64', gateway: 'fd00:1::1' }] } }",
  ])("may say %s", (text) => expect(found(text)).toEqual([]));

  test.each([
    ["host:", "K1415 the engine has a network or a mode named host itself"],
    [`${"0a".repeat(32)}:`, `K1415 the engine takes ${"0a".repeat(32)} for the id of a network`],
    ["proxy: { labels: { io.keelson.owner: x } }", "K1412 the label io.keelson.owner is reserved"],
    [
      "proxy: { ipam: { config: [{ subnet: 10.1.2.0 }] } }",
      "K1431 the subnet `10.1.2.0` is not written as ADDRESS/PREFIX, such as 10.1.2.0/24",
    ],
    [
      "proxy: { ipam: { config: [{ subnet: 10.0.0.0/31 }] } }",
      "K1431 the subnet 10.0.0.0/31 is smaller than a /30, it has no room for containers",
    ],
    [
      "proxy: { ipam: { config: [{ subnet: 10.1.2.0/24, gateway: 10.1.3.1 }] } }",
      "K1431 `10.1.3.1` is not a part of the subnet",
    ],
    [
      "proxy: { ipam: { config: [{ subnet: 10.1.2.0/24, ip_range: 10.1.0.0/16 }] } }",
      "K1431 `10.1.0.0/16` is not a part of the subnet",
    ],
  ])("may not say %s", (text, problem) => expect(found(text)).toEqual([problem]));

  test.each([
    "lan: { driver: macvlan }",
    "lan: { driver: ipvlan, driver_opts: { ipvlan_mode: l2 } }",
    "lan: { driver_opts: { parent: eth0 } }",
    "lan: { driver: macvlan, driver_opts: { parent: ../eth0 } }",
    "lan: { driver: macvlan, driver_opts: { parent: eth0, macvlan_mode: passthru } }",
    "lan: { driver: host }",
  ])("may not have such a driver: %s", (text) => expect(found(text).join()).toContain("K10"));

  test("are those of what it extends, too, each by its name", () => {
    const files = changed({
      "environments/base/environment.yaml": (text) =>
        `${text}networks: { proxy: { internal: true }, other: { internal: true } }\n`,
      ...networks("other: { attachable: true }"),
    });
    const { repository } = readRepository(files);
    expect(repository.environments.get("lab")?.environment.value.networks).toEqual({
      proxy: { internal: true },
      other: { attachable: true },
    });
  });
});

describe("the lock", () => {
  test("must be there", () => {
    expect(problemsAfter({ [lock]: null })).toBe(
      `error[K1101] ${lab}:3:1 environment lab has no lock.yaml, which is all that a node follows
   3 | releases: { pryv: ^1.9.0 }
     | ^
  hint: Run keelson lock, which writes it, and commit it.`,
    );
  });

  test("names a release folder that is there", () => {
    expect(problemsAfter({ [lock]: replace("{ version: 1.9.2 }", "{ version: 1.9.3 }") })).toBe(
      `error[K1102] ${lock}:1:30 there is no folder releases/pryv/1.9.3
   1 | releases: { pryv: { version: 1.9.3 } }
     |                              ^
  hint: did you mean \`releases/pryv/1.9.2\`?`,
    );
  });

  test.each<[string, Parameters<typeof changed>[0], string]>([
    [
      "lacks a release",
      { [lock]: replace("{ pryv: { version: 1.9.2 } }", "{}") },
      "K1103 lab/lock.yaml:1:1 release `pryv` is not locked",
    ],
    [
      "lacks an instance",
      { [lock]: replace("  core: {", "  kore: {") },
      "K1103 lab/lock.yaml:2:1 instance `core` is not locked",
    ],
    [
      "has an instance too many",
      { [lock]: replace("  core: {", "  kore: {") },
      "K1103 lab/lock.yaml:3:3 instance `kore` is locked, but the environment does not have it",
    ],
    [
      "has a release too many",
      { [lock]: replace("{ pryv:", "{ mail: { version: 1.0.0 }, pryv:") },
      "K1103 lab/lock.yaml:1:13 release `mail` is locked, but the environment does not have it",
    ],
    [
      "has another package",
      { [lock]: replace("core: { package: pryv/core", "core: { package: pryv/storage") },
      "K1103 lab/lock.yaml:3:20 instance `core` is locked as pryv/storage; the environment says pryv/core",
    ],
    [
      "has another version of the package",
      { [lock]: replace("7.0.1", "7.0.0") },
      "K1103 lab/lock.yaml:4:46 instance `storage` is locked at 7.0.0; pryv/storage is 7.0.1 in the locked release",
    ],
    [
      "is outside the range",
      { [lab]: replace("^1.9.0", "^1.10.0") },
      "K1104 lab/lock.yaml:1:30 `pryv` 1.9.2 is not in the range ^1.10.0",
    ],
  ])("that %s is refused", (_, change, problem) => {
    expect(problemsOf(change)).toContain(problem);
  });

  test("says where the range stands, also in a base", () => {
    const inBase = {
      [lab]: replace("releases: { pryv: ^1.9.0 }\n", ""),
      "environments/base/environment.yaml": replace("^1.8.0", "^2.0.0"),
    };
    expect(problemsAfter(inBase)).toContain("or change the range in environments/base/environment.yaml:2");
  });

  test("locks a pre-release only where the range names one", () => {
    const version = (to: string, range: string) => {
      const moved = Object.entries(platform).map(
        ([path, text]) => [path.replace("/1.9.2/", `/${to}/`), text] as const,
      );
      const gone = Object.keys(platform)
        .filter((path) => path.includes("/1.9.2/"))
        .map((path) => [path, null] as const);
      const texts: Record<string, string | null> = Object.fromEntries([
        ...gone,
        ...moved.filter(([path]) => path.includes(`/${to}/`)),
      ]);
      texts[`releases/pryv/${to}/release.yaml`] = (
        platform["releases/pryv/1.9.2/release.yaml"] ?? ""
      ).replace("1.9.2", to);
      texts[lab] = (platform[lab] ?? "").replace("^1.9.0", range);
      texts[lock] = (platform[lock] ?? "").replace("{ version: 1.9.2 }", `{ version: ${to} }`);
      return problemsOf(texts);
    };
    expect(version("2.0.0-rc.1", "1 || 2")).toEqual([
      "K1104 lab/lock.yaml:1:30 `pryv` 2.0.0-rc.1 is not in the range 1 || 2",
    ]);
    expect(version("2.0.0-rc.1", "^2.0.0-rc.0")).toEqual([]);
  });

  test("may leave out an instance that is to be absent", () => {
    const absent = (text: string) => text.replace("{ role: core }", "{ role: core }, state: absent");
    expect(
      problemsOf({ [lab]: absent, [lock]: replace("  core: { package: pryv/core, version: 1.9.2 }\n", "") }),
    ).toEqual([]);
    expect(problemsOf({ [lab]: absent })).toEqual([]);
  });
});

describe("what is named in an environment exists", () => {
  test.each<[string, Parameters<typeof changed>[0], string]>([
    [
      "release of an instance",
      { [lab]: replace("pryv/core", "pyrv/core"), [lock]: replace("pryv/core", "pyrv/core") },
      "K1114 lab/environment.yaml:5:20 environment lab does not use a release `pyrv`",
    ],
    [
      "package of an instance",
      { [lab]: replace("pryv/core", "pryv/mail"), [lock]: replace("pryv/core", "pryv/mail") },
      "K1116 lab/environment.yaml:5:20 release pryv@1.9.2 has no package `mail`",
    ],
    [
      "release of settings",
      { [lab]: replace("settings: { pryv:", "settings: { priv:") },
      "K1114 lab/environment.yaml:6:13 settings for `priv`, which environment lab does not use",
    ],
    [
      "release of a node's settings",
      { [node]: replace("settings: { pryv:", "settings: { constructo:") },
      "K1114 lab/nodes/lab-1.yaml:4:13 settings for `constructo`, which environment lab does not use",
    ],
    [
      "instance of a Compose override",
      { "environments/lab/compose/kore.yaml": "services: {}\n" },
      "K1115 lab/compose/kore.yaml:1:1 environment lab has no instance `kore`",
    ],
    [
      "instance of a node's commands",
      { [node]: (text: string) => `${text}commands: { kore: { renew: 1 } }\n` },
      expect.stringMatching(
        /^K1115 lab\/nodes\/lab-1.yaml:\d+:13 commands for `kore`, and environment lab has no such instance$/,
      ),
    ],
    [
      "node",
      { [lab]: replace("{ role: core }", "{ node: lab-2 }") },
      "K1111 lab/environment.yaml:5:43 environment lab has no node `lab-2`",
    ],
    [
      "role",
      { [lab]: replace("{ role: core }", "{ role: kore }") },
      "K1113 lab/environment.yaml:5:43 no node of environment lab has the role `kore`",
    ],
    [
      "role of a package",
      { [node]: replace("[core, storage]", "[core]") },
      "K1113 base/environment.yaml:4:3 no node of environment lab has the role `storage`, which package pryv/storage asks for",
    ],
    [
      "capability",
      { [node]: replace("[arch/amd64]", "[arch/arm64]") },
      "K1109 lab/environment.yaml:5:3 node lab-1 lacks `arch/amd64`, which package pryv/core needs",
    ],
    [
      "a release for another agent",
      { "releases/pryv/1.9.2/release.yaml": replace('">=0.1 <2"', '">=7"') },
      "K1117 lab/lock.yaml:1:21 releases/pryv/1.9.2 needs an agent >=7; this is Keelson 0.1.0",
    ],
  ])("%s", (_, change, problem) => {
    expect(problemsOf(change)).toEqual([problem]);
  });

  const twice = {
    [lab]: replace("instances:\n", "instances:\n  again: { package: pryv/core, on: { role: core } }\n"),
    "environments/lab/lock.yaml": replace(
      "instances:\n",
      "instances:\n  again: { package: pryv/core, version: 1.9.2 }\n",
    ),
  };
  const coreManifest = "releases/pryv/1.9.2/packages/core/package.yaml";
  test.each(["one-per-node", "one-per-role", "one-per-environment"])(
    "a second instance of a package that is %s",
    (scope) => {
      const scoped = {
        ...twice,
        [coreManifest]: replace("provides: { pryv-api: 1.9.0 }\n", `scope: ${scope}\n`),
      };
      expect(problemsOf(scoped)).toEqual([
        `K1118 lab/environment.yaml:6:3 package pryv/core allows only ${scope.replaceAll("-", " ")}, and instance \`again\` is there already`,
      ]);
    },
  );

  test("a second instance of a package that may be there many times, or on another node", () => {
    expect(problemsOf({ ...twice, [coreManifest]: replace("provides: { pryv-api: 1.9.0 }\n", "") })).toEqual(
      [],
    );
  });

  test("a role that no node has is answered with the roles there are", () => {
    expect(problemsAfter({ [lab]: replace("{ role: core }", "{ role: mail }") })).toMatch(
      /hint: roles of its nodes: core, storage$/,
    );
  });

  test("what is of no instance is answered with what to do about it", () => {
    const hintOf = (change: Parameters<typeof changed>[0]) => /hint: .*$/m.exec(problemsAfter(change))?.[0];
    const counter = (name: string) => ({
      [node]: (text: string) => `${text}commands: { ${name}: { renew: 1 } }\n`,
    });
    const entry =
      "remove the entry, or rename it where the instance got another name and may begin with empty volumes";
    expect(hintOf(counter("kore"))).toBe(`hint: did you mean \`core\`? Otherwise ${entry}`);
    expect(hintOf(counter("something-else"))).toBe(`hint: its instances: core, storage. Otherwise ${entry}`);
    expect(hintOf({ "environments/lab/compose/before.yaml": "services: {}\n" })).toBe(
      "hint: its instances: core, storage. Otherwise remove the file, or rename it where the instance got another name",
    );
  });

  test("an instance on one node asks nothing of the others", () => {
    const second = "name: lab-2\nroles: [storage]\n";
    expect(problemsOf({ "environments/lab/nodes/lab-2.yaml": second })).toEqual([]);
    const everywhere = {
      "environments/lab/nodes/lab-2.yaml": second,
      [lab]: replace(", on: { role: core }", ""),
    };
    expect(problemsOf(everywhere)).toEqual([
      "K1109 lab/environment.yaml:5:3 node lab-2 lacks `arch/amd64`, which package pryv/core needs",
    ]);
  });
});

describe("interfaces", () => {
  test("that nobody provides", () => {
    expect(
      problemsAfter({ [storage]: replace("provides: { mongodb: 7.0.1 }", "provides: { mongdb: 7.0.1 }") }),
    ).toBe(
      `error[K1106] ${lab}:5:3 \`core\` requires mongodb ^6.0 || ^7.0, which no instance of environment lab provides
   5 |   core: { package: pryv/core, on: { role: core } }
     |   ^
  hint: did you mean \`mongdb\`?`,
    );
  });

  test("of another version", () => {
    expect(problemsOf({ [storage]: replace("mongodb: 7.0.1", "mongodb: 5.0.0") })).toEqual([
      "K1107 lab/environment.yaml:5:3 `core` requires mongodb ^6.0 || ^7.0, but the provided versions are storage (5.0.0)",
    ]);
  });

  test("that two instances provide", () => {
    const change = withInstance("storage-2", "package: pryv/storage");
    const locked = (text: string) =>
      change[lock]?.(text).replace(
        "storage-2: { package: pryv/core, version: 1.9.2",
        "storage-2: { package: pryv/storage, version: 7.0.1",
      ) ?? "";
    expect(problemsOf({ ...change, [lock]: locked })).toEqual([
      "K1105 lab/environment.yaml:6:3 `core` requires mongodb ^6.0 || ^7.0, which several instances provide: storage (7.0.1), storage-2 (7.0.1)",
    ]);
  });

  test("that instances require of each other", () => {
    const requires = (text: string) => `${text}requires: { pryv-api: ^1.0.0 }\n`;
    expect(problemsAfter({ [storage]: requires })).toBe(
      `error[K1108] ${lab}:5:3 these instances require each other: core → storage (mongodb) → core (pryv-api)
   5 |   core: { package: pryv/core, on: { role: core } }
     |   ^
  hint: make one of the interfaces \`optional\` in its package, or split the package`,
    );
  });

  test("that an instance provides for itself, or only uses when they are there, are no problem", () => {
    expect(
      problemsOf({ [core]: (text) => text.replace("requires: {", "requires: { pryv-api: ^1.0.0, ") }),
    ).toEqual([]);
    expect(problemsOf({ [core]: (text) => `${text}optional: { influxdb: ^1.7 }\n` })).toEqual([]);
  });

  test("of a package that cannot be read are not missed", () => {
    expect(problemsOf({ [storage]: "name: [\n" })).toEqual([expect.stringContaining("K1001")]);
  });
});

describe("the folder of an environment", () => {
  test.each([
    ["environments/lab/lock.yml", "did you mean `lock.yaml`?"],
    ["environments/lab/enviroment.yaml", "did you mean `environment.yaml`?"],
    ["environments/lab/node/lab-2.yaml", "did you mean `nodes/lab-2.yaml`?"],
    ["environments/lab/nodes/lab-2.yml", "did you mean `nodes/lab-2.yaml`?"],
    ["environments/lab/compose/core.json", "an environment has environment.yaml"],
    ["environments/lab/nodes/eu/lab-2.yaml", "an environment has environment.yaml"],
    ["environments/lab.yaml", "did you mean `environments/lab/environment.yaml`?"],
  ])("may not hold %s", (path, hint) => {
    const { problems } = readRepository(changed({ [path]: "name: x\n" }));
    expect(problems.map(({ code, file }) => `${code} ${file}`)).toEqual([`K1010 ${path}`]);
    expect(problems[0]?.hint).toContain(hint);
  });

  test.each(["secrets.yaml", "overrides.yaml", "nodes/lab-1.overrides.yaml", "README.md", "nodes/.gitkeep"])(
    "may hold %s",
    (path) => {
      expect(problemsOf({ [`environments/lab/${path}`]: "x: 1\n" })).toEqual([]);
    },
  );

  test("must have an environment.yaml with its name", () => {
    expect(problemsOf({ [lab]: null })).toContain(
      "K1004 lab/environment.yaml:1:1 there is no environment.yaml",
    );
    expect(problemsOf({ [lab]: replace("name: lab", "name: lap") })).toEqual([
      "K1009 lab/environment.yaml:1:7 the name is `lap`, the folder says `lab`",
    ]);
    expect(problemsOf({ [node]: replace("name: lab-1", "name: lab-2") })).toEqual([
      "K1009 lab/nodes/lab-1.yaml:1:7 the name is `lab-2`, the file says `lab-1`",
    ]);
    expect(problemsOf({ "environments/lab/nodes/Lab_2.yaml": "name: lab-2\n" })).toEqual([
      "K1007 lab/nodes/Lab_2.yaml:1:1 `Lab_2` is not a valid name for a node",
    ]);
  });

  test("takes version ranges", () => {
    expect(problemsOf({ [lab]: replace("^1.9.0", "one") })).toEqual([
      "K1003 lab/environment.yaml:3:19 `one` is not a version range",
    ]);
  });
});
