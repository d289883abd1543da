import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { beforeAll, describe, expect, it } from "vitest";

import type { AgentConfig } from "../../libs/model/src/index.ts";
import { readAgentConfig } from "../../libs/node/src/index.ts";
import { readPage } from "../documents/example.ts";
import { tablesOf } from "../documents/markdown.ts";
import { presetOf } from "../documents/schema-fields.ts";
import { checkout, makeTempFolder, nixProgram, outputOf } from "../support/index.ts";

interface Evaluated {
  /** Of the options, as far as types and defaults say it. */
  schema: Schema;
  service: Service;
  environment: { etc: { "keelson/agent.yaml": { source: { value: object } } } };
  assertions: { assertion: boolean; message: string }[];
}

interface Service {
  description: string;
  documentation: string[];
  wants: string[];
  after: string[];
  wantedBy: string[];
  serviceConfig: Record<string, string | number | boolean>;
}

interface Schema {
  type?: string;
  description?: string;
  format?: string;
  propertyNames?: Schema;
  maxLength?: number;
  pattern?: string;
  default?: unknown;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  additionalProperties?: boolean | Schema;
  const?: string;
}

const least = { environment: "lab", node: "lab-1", source: { url: "https://git.example/platform.git" } };
const credential = { file: "/run/secrets/token" };
const everything = {
  ...least,
  source: { ...least.source, branch: "live", credential, knownHosts: "/etc/ssh/ssh_known_hosts" },
  report: { as: "branch", url: "https://git.example/status.git", credential, heartbeat: "30m" },
  interval: "30s",
  stateDir: "/srv/keelson",
  keyFile: "/srv/keelson.key",
  allow: {
    paths: { media: { path: "/srv/media", readOnly: true }, root: { path: "/" } },
    engineSocket: true,
    capabilities: ["NET_ADMIN"],
    devices: ["/dev/dri"],
    namespaces: ["network"],
    loggingAddresses: [],
    adopt: ["wiki"],
  },
  dataDir: "/srv/data",
  dataFolders: { wiki: "/opt/stacks/wiki" },
  age: { keyFile: "/srv/age.key" },
  secretsFile: "/run/secrets/keelson.yaml",
  dockerHost: "unix:///run/user/engine.sock",
  dockerConfig: "/run/secrets/docker.json",
  monitor: { socket: "/run/keelson.sock", port: 9464 },
  notify: {
    command: ["/run/current-system/sw/bin/tell", "the team"],
    webhook: { url: "https://chat.example/hooks/1", credential: { command: ["print-token", "chat"] } },
  },
  timeouts: { git: "1m", pull: "1h", stop: "1m30s", trial: "10m" },
  limits: { fileBytes: 1024 },
};

const page = await readPage("docs/nix.md");
const shown = await readShownSettings();

describe("the module for NixOS", () => {
  let module: Evaluated;
  beforeAll(async () => {
    module = await evaluateModule(least);
  });

  it("must have an option for every field of agent.yaml, with its type and default, and no other", async () => {
    const text = await readFile(join(checkout, "schemas/agent.schema.json"), "utf8");
    const { $schema, title, ...schema } = JSON.parse(text);
    expect([$schema, title]).not.toContain(undefined);
    expect(normalize(module.schema.properties?.["settings"] ?? {})).toEqual(normalize(schema));
  });

  it("must have its options on the page of Nix, and no others", async () => {
    const table = tablesOf(page.text).find(({ columns }) => columns[0] === "option");
    expect(table?.rows).toEqual(rowsOf(module.schema));
  });

  it("must run the agent as the unit that ships does", async () => {
    const unit = await readUnit(join(checkout, "packaging/keelson-agent.service"));
    const { description, documentation, wants, after, wantedBy, serviceConfig } = module.service;
    const lists = Object.entries({ Wants: wants, After: after, Documentation: documentation });
    const settings = Object.entries(serviceConfig).map(([key, value]) => [`Service.${key}`, textOf(value)]);
    expect({
      "Unit.Description": description,
      ...Object.fromEntries(lists.map(([key, names]) => [`Unit.${key}`, names.join(" ")])),
      ...Object.fromEntries(settings),
      "Install.WantedBy": wantedBy.join(" "),
    }).toEqual({
      ...unit,
      // Programs of NixOS are in no folder where systemd looks for them.
      "Service.ExecStart": `/keelson/bin/${unit["Service.ExecStart"]}`,
      "Service.ExecReload": `/coreutils/bin/${unit["Service.ExecReload"]}`,
    });
  });

  it.each([
    ["the least that can be set", least],
    ["everything that can be set", everything],
    ["all that can be permitted", { ...least, allow: "all" }],
    ["the adoption of all", { ...least, allow: { adopt: "all" } }],
    ["what the page of Nix shows", shown],
  ])("must make an agent.yaml of %s that means the same", async (_what, settings) => {
    const { environment, assertions } = await evaluateModule(settings);
    const { value: made } = environment.etc["keelson/agent.yaml"].source;
    expect(await readConfig(made)).toEqual(await readConfig(settings));
    expect(assertions.filter(({ assertion }) => !assertion)).toEqual([]);
  });

  it("must be used by the flake that the page of Nix shows", async () => {
    const block = page.blocks.find(({ attributes }) => "flake" in attributes);
    await using folder = await makeTempFolder();
    const flakes = '{ nixpkgs.lib.nixosSystem = made: made; keelson.nixosModules.agent = "the module"; }';
    const use = `(import ./flake.nix).outputs ${flakes}`;
    await writeFile(folder.join("flake.nix"), block?.text ?? "");
    await writeFile(folder.join("use.nix"), `builtins.head (${use}).nixosConfigurations.lab-1.modules`);
    expect(JSON.parse(await evaluate(folder.join("use.nix")))).toBe("the module");
  });

  it.each([
    ["a login", { source: { ...least.source, credential: { file: "/nix/store/0-token" } } }],
    ["a login of the status", { report: { credential: { file: "/nix/store/0-token" } } }],
    [
      "a login of a webhook",
      { notify: { webhook: { url: "https://a.example", credential: { file: "/nix/store/0" } } } },
    ],
    ["the secrets", { secretsFile: "/nix/store/0-secrets.yaml" }],
    ["the key", { keyFile: "/nix/store/0-node.key" }],
    ["the key of age", { age: { keyFile: "/nix/store/0-age.key" } }],
    ["the logins to registries", { dockerConfig: "/nix/store/0-config.json" }],
  ])("must refuse %s in the store, which everybody can read", async (_what, settings) => {
    const { assertions } = await evaluateModule({ ...least, ...settings });
    const failed = assertions.filter(({ assertion }) => !assertion);
    expect(failed).toMatchObject([
      { message: expect.stringContaining("every user of the machine can read it") },
    ]);
  });

  it("must refuse to tell nobody, as the agent does", async () => {
    const { assertions } = await evaluateModule({ ...least, notify: {} });
    const failed = assertions.filter(({ assertion }) => !assertion);
    expect(failed).toMatchObject([{ message: expect.stringContaining("notify must name whom to tell") }]);
  });

  it.each([
    ["a name that is none", { node: "Lab 1" }, "node"],
    [
      "two ways to log in",
      { source: { ...least.source, credential: { file: "/a", command: ["b"] } } },
      "credential",
    ],
    ["a duration without a unit", { interval: "60" }, "interval"],
    ["a port that is none", { monitor: { port: 65_536 } }, "port"],
    ["a grant that is none", { allow: { namespaces: ["mount"] } }, "allow"],
    ["a path of a grant that is none", { allow: { paths: { media: { path: "media" } } } }, "path"],
    ["an option that is none", { intervall: "60s" }, "intervall"],
  ])("must refuse %s", async (_what, settings, names) => {
    await expect(evaluateModule({ ...least, ...settings })).rejects.toThrow(names);
  });
});

/** Of every option its name, default and description. A set of options has no description. */
function rowsOf(
  { properties = {}, required = [], anyOf = [], additionalProperties: values }: Schema,
  path = "",
): string[][] {
  const below = Object.entries(properties).flatMap(([name, property]) => {
    const preset = required.includes(name) ? "required" : presetOf(property);
    const { description } = property;
    const own = description === undefined ? [] : [[`${path}${name}`, preset, description]];
    return [...own, ...rowsOf(property, `${path}${name}.`)];
  });
  const inMap = typeof values === "object" ? rowsOf(values, `${path}<name>.`) : [];
  // Only one of several forms is there.
  return [...below, ...inMap, ...anyOf.flatMap((form) => rowsOf({ ...form, required: [] }, path))];
}

async function evaluateModule(settings: object): Promise<Evaluated> {
  const file = join(checkout, "test/nix/evaluate-agent-module.nix");
  return JSON.parse(await evaluate(file, "--argstr", "settings", JSON.stringify(settings)));
}

/** The settings in the example of a machine's configuration. */
async function readShownSettings(): Promise<object> {
  const block = page.blocks.find(({ attributes }) => "module" in attributes);
  await using folder = await makeTempFolder();
  await writeFile(folder.join("configuration.nix"), block?.text ?? "");
  const attribute = ["--attr", "services.keelson-agent.settings"];
  return JSON.parse(await evaluate(folder.join("configuration.nix"), ...attribute));
}

/** What the agent reads of an agent.yaml. */
async function readConfig(content: object): Promise<AgentConfig> {
  await using folder = await makeTempFolder();
  await writeFile(folder.join("agent.yaml"), JSON.stringify(content));
  return readAgentConfig(folder.join("agent.yaml"));
}

/** Without any store. */
async function evaluate(file: string, ...args: string[]): Promise<string> {
  const program = `${nixProgram}-instantiate`;
  return await outputOf([program, "--eval", "--strict", "--json", "--store", "dummy://", ...args, file]);
}

/** What types of Nix do not say: words, the names in a map, and lengths but for that of nothing. */
const unsaid = ["description", "format", "propertyNames", "maxLength"] as const;

/** What can be compared: without words, in one order, and with the patterns of Nix, which are POSIX's. */
function normalize(schema: Schema): object {
  const { pattern, properties, items, anyOf, additionalProperties: values, const: only, ...rest } = schema;
  for (const key of unsaid) delete rest[key];
  return {
    ...rest,
    ...(values === undefined
      ? {}
      : { additionalProperties: typeof values === "boolean" ? values : normalize(values) }),
    ...(only === undefined ? {} : { enum: [only] }),
    ...(pattern === undefined ? {} : { pattern: posixOf(pattern) }),
    ...(items === undefined ? {} : { items: normalize(items) }),
    ...(anyOf === undefined ? {} : { anyOf: anyOf.map(normalize).sort(byText) }),
    ...(properties === undefined
      ? {}
      : {
          required: [...(rest.required ?? [])].sort(),
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, property]) => [name, normalize(property)]),
          ),
        }),
  };
}

/**
 * A pattern of the schema as Nix has it, which matches a whole text. Nix knows no look-ahead: `constructor`, which is
 * reserved, is left to the agent.
 */
function posixOf(pattern: string): string {
  const isOfModule = !pattern.startsWith("^");
  if (isOfModule) return pattern;
  const whole = pattern.endsWith("$") || pattern.endsWith(".*") ? pattern : `${pattern}.*`;
  return whole
    .replace(/^\^|\$$/g, "")
    .replace(String.raw`(?!constructor(?:$|\/))`, "")
    .replaceAll("(?:", "(")
    .replaceAll(String.raw`[^/\0]`, "[^/]")
    .replaceAll(String.raw`\d`, "[0-9]")
    .replaceAll(String.raw`[^\s/]`, "[^[:space:]/]")
    .replaceAll(String.raw`\/`, "/");
}

function byText(a: object, b: object): number {
  const [left, right] = [a, b].map((each) =>
    JSON.stringify(Object.entries(each).toSorted(([x], [y]) => (x < y ? -1 : 1))),
  );
  return String(left) < String(right) ? -1 : 1;
}

/** Its lines by section and key, such as `Service.Type`. */
async function readUnit(path: string): Promise<Record<string, string>> {
  let section = "";
  const unit: Record<string, string> = {};
  for (const line of (await readFile(path, "utf8")).split("\n")) {
    section = /^\[(\w+)\]$/.exec(line)?.[1] ?? section;
    const [, key, value = ""] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (key !== undefined) unit[`${section}.${key}`] = value;
  }
  return unit;
}

function textOf(value: string | number | boolean): string {
  return value === true ? "yes" : String(value);
}
