import { decodeText, secretPlaceholder } from "@keelson/model";
import { describe, expect, test } from "vitest";

import { readRepository } from "../../manifest/src/index.ts";
import { formatProblems } from "../../report/src/index.ts";
import { buildBinds } from "./bind.ts";
import { filesAfter, platform, secretsOf, sourceFile } from "./fixture.ts";
import { composeProblem } from "./place-of-problem.ts";
import { type RenderResult, renderFiles } from "./render-files.ts";

const environment = "environments/home/environment.yaml";
const home = {
  [environment]: `name: home
discover: [{ path: apps/*, project: folder }]
instances:
  wiki: { package: ./apps/wiki, settings: { PORT: 8200 } }
  wiki-b: { package: ./apps/wiki, settings: { PORT: 8201, TITLE: second }, profiles: [search] }
`,
  "environments/home/nodes/nas.yaml": "name: nas\n",
  "apps/wiki/compose.yaml": "services: { wiki: { image: wiki, ports: [$PORT], labels: [$TITLE] } }\n",
  "apps/wiki/.env": "PORT=80\nCOMPOSE_PROFILES=base\n",
  "apps/Mail/compose.yaml": "services: { mail: { image: mail } }\n",
};

function render(changes: Readonly<Record<string, string>> = {}): RenderResult {
  const texts = Object.entries({ ...home, ...changes });
  const files = new Map(texts.map(([path, text]) => [path, sourceFile(path, text)]));
  const { repository, problems } = readRepository(files);
  const known = problems.filter(({ code }) => code !== "K1123");
  if (known.length > 0) throw new Error(formatProblems(known));
  return renderFiles(repository, { environment: "home", node: "nas" });
}

function instanceOf(result: RenderResult, name: string) {
  const found = result.rendered?.instances.find((each) => each.name === name);
  if (found === undefined) throw new Error(formatProblems([...result.problems, ...result.missing]));
  return found;
}

describe("an instance of a local package", () => {
  test("has what its folder and its settings say, and no release", () => {
    const wiki = instanceOf(render(), "wiki");
    expect(wiki).toMatchObject({
      project: "wiki",
      volumeProject: "wiki",
      package: { reference: "./apps/wiki", folder: "apps/wiki" },
    });
    expect(wiki.package).not.toHaveProperty("releaseVersion");
    expect(wiki.compose).toMatchObject({
      project: "wiki",
      folder: "apps/wiki",
      composeFiles: ["compose.yaml"],
      reach: "repository",
      profiles: ["base"],
      variables: { PORT: "8200" },
    });
    expect(decodeText(wiki.compose.dotenv?.bytes ?? new Uint8Array())).toBe(home["apps/wiki/.env"]);
  });

  test("keeps the values of its .env for the gate where it cannot be rendered", () => {
    const manifest = 'variables: { TITLE: "{{ settings.nothing }}" }\n';
    const { unrendered } = render({ "apps/wiki/package.yaml": manifest });
    expect(unrendered.map(({ name, compose }) => [name, compose.variables])).toEqual([
      ["wiki", { TITLE: "" }],
      ["wiki-b", { TITLE: "" }],
    ]);
  });

  test("stands beside another one of the same folder", () => {
    expect(instanceOf(render(), "wiki-b")).toMatchObject({
      project: "home-wiki-b",
      compose: {
        variables: { PORT: "8201", TITLE: "second" },
        profiles: ["base", "search"],
        profilePlaces: { search: { file: environment, line: 5, path: "instances.wiki-b.profiles[0]" } },
      },
    });
  });

  test("gives its settings to its own templates and variables, and a setting wins over a variable", () => {
    const manifest =
      "variables: { TITLE: 'on {{ settings.PORT }}', PORT: '1' }\nfiles: [{ template: t.liquid, to: t }]\n";
    const changes = {
      "apps/wiki/package.yaml": manifest,
      "apps/wiki/t.liquid": "{{ settings.PORT }} {{ instance.name }}",
    };
    const { compose, files } = instanceOf(render(changes), "wiki");
    expect(compose.variables).toEqual({ TITLE: "on 8200", PORT: "8200" });
    expect(files.map(({ content }) => decodeText(content))).toEqual(["8200 wiki"]);
    const { problems } = render({ ...changes, "apps/wiki/t.liquid": "{{ release.name }}" });
    expect(problems.map(({ code, file }) => [code, file])).toEqual(
      [
        ["K1302", "apps/wiki/t.liquid"],
        ["K1302", "apps/wiki/t.liquid"],
      ].slice(0, problems.length),
    );
    expect(problems.length).toBeGreaterThan(0);
  });

  test("has the setting that its node gives it", () => {
    const node = "name: nas\ninstances: { wiki: { settings: { PORT: 9000 } } }\n";
    expect(
      instanceOf(render({ "environments/home/nodes/nas.yaml": node }), "wiki").compose.variables,
    ).toEqual({
      PORT: "9000",
    });
  });

  describe("with a settings schema", () => {
    const schema = {
      type: "object",
      properties: {
        port: { type: "integer", default: 8080, "x-override": ["node"] },
        title: { type: "string", maxLength: 10 },
      },
    };
    const withSchema = {
      "apps/wiki/settings.schema.json": JSON.stringify(schema),
      "apps/wiki/package.yaml":
        "settings: settings.schema.json\nvariables: { PORT: '{{ settings.port }}', TITLE: '{{ settings.title | default: \"none\" }}' }\n",
    };
    const settings = (wiki: string, node = "{}") => ({
      ...withSchema,
      [environment]: `name: home\ninstances: { wiki: { package: ./apps/wiki, settings: ${wiki} } }\n`,
      "environments/home/nodes/nas.yaml": `name: nas\ninstances: { wiki: { settings: ${node} } }\n`,
    });
    const problemsOf = (wiki: string, node?: string) =>
      render(settings(wiki, node)).problems.map(
        ({ code, file, line, column, message }) => `${code} ${file}:${line}:${column} ${message}`,
      );

    test("has the schema's defaults, and reaches Compose by its variables alone", () => {
      expect(instanceOf(render(settings("{ title: Books }")), "wiki").compose.variables).toEqual({
        PORT: "8080",
        TITLE: "Books",
      });
    });

    test("takes from its node what the schema opens to nodes", () => {
      expect(instanceOf(render(settings("{}", "{ port: 9000 }")), "wiki").compose.variables).toMatchObject({
        PORT: "9000",
      });
      expect(problemsOf("{}", "{ title: Mine }")).toEqual([
        "K1201 environments/home/nodes/nas.yaml:2:34 a node may not set `title`",
      ]);
    });

    test("refuses a setting that the schema does not know, a variable's name too, and a value that does not fit", () => {
      expect(problemsOf("{ TITLE: x }")).toEqual([
        "K1203 environments/home/environment.yaml:2:56 unknown setting `TITLE`",
      ]);
      expect(problemsOf("{ port: high }")).toEqual([
        "K1202 environments/home/environment.yaml:2:62 `port`: expected a whole number, found text",
      ]);
    });

    test("must have the schema that its package.yaml names", () => {
      const { problems } = readRepository(
        filesAfter({ ...home, "apps/wiki/package.yaml": "settings: schema.json\n" }),
      );
      expect(problems.map(({ code, file, line, column }) => `${code} ${file}:${line}:${column}`)).toContain(
        "K1004 apps/wiki/package.yaml:1:11",
      );
    });
  });

  test("takes its volumes along when its project changes, as `was` says", () => {
    const text = home[environment].replace("wiki-b: {", "wiki-b: { was: wiki-b, project: books,");
    expect(instanceOf(render({ [environment]: text }), "wiki-b")).toMatchObject({
      project: "books",
      volumeProject: "home-wiki-b",
    });
  });

  test("must not have the project of another instance of its node", () => {
    const text = home[environment].replace("wiki-b: {", "wiki-b: { project: wiki,");
    const { problems } = render({ [environment]: text });
    expect(problems.map(({ code, line, column, message }) => `${code} ${line}:${column} ${message}`)).toEqual(
      [
        "K1132 5:22 instance `wiki-b` would have the Compose project `wiki`, which instance `wiki` of this node has",
      ],
    );
  });

  test("is missing, and not absent, where its folder has lost its Compose file", () => {
    const files = filesAfter({
      ...Object.fromEntries(Object.keys(platform).map((path) => [path, null])),
      ...home,
      "apps/wiki/compose.yaml": null,
    });
    const { repository, problems } = readRepository(files);
    const codes = problems.map(({ code }) => code);
    expect(codes).toContain("K1120");
    const { rendered, missing } = renderFiles(repository, { environment: "home", node: "nas" });
    expect(rendered?.instances).toEqual([]);
    expect(rendered?.places.map(({ name, isElsewhere }) => [name, isElsewhere])).toEqual([
      // A folder with a name that no instance can have: what it was may be here.
      ["Mail", false],
      ["wiki", false],
      ["wiki-b", false],
    ]);
    expect(missing.map(({ message }) => message)).toEqual([
      "package ./apps/wiki cannot be read",
      "package ./apps/wiki cannot be read",
    ]);
  });

  test.each([
    ["..", true],
    ["../..", true],
    ["../../apps", true],
    ["../wiki", false],
    ["./", false],
    ["../Mail", false],
  ])("that binds %s is refused where the package itself lies in that: %s", (source, isRefused) => {
    const wiki = instanceOf(render(), "wiki");
    const model = {
      name: "wiki",
      services: {
        wiki: { image: "wiki", volumes: [{ type: "bind", source, target: "/all", read_only: true }] },
      },
      networks: {},
      volumes: {},
      secrets: {},
      configs: {},
    };
    const { problems } = buildBinds(wiki, { model, secrets: secretsOf(), repository: undefined });
    const codes = problems.map(({ code, file, line }) => `${code} ${file}:${line}`);
    expect(codes.includes("K1134 apps/wiki/compose.yaml:1")).toBe(isRefused);
  });

  test("shows a problem of its model in the Compose file that says it last", () => {
    const changes = {
      "apps/wiki/compose.override.yaml":
        "services:\n  wiki:\n    image: other\n---\nservices:\n  wiki:\n    init: true\n",
    };
    const instance = instanceOf(render(changes), "wiki");
    const found = { code: "K1313", message: "", hint: "" };
    const placeOf = (...path: string[]) => {
      const { file, line } = composeProblem(instance, { ...found, path });
      return `${file}:${line}`;
    };
    expect(placeOf("services", "wiki", "image")).toBe("apps/wiki/compose.override.yaml:3");
    expect(placeOf("services", "wiki", "init")).toBe("apps/wiki/compose.override.yaml:7");
    expect(placeOf("services", "wiki", "ports")).toBe("apps/wiki/compose.yaml:1");
  });
});

test("a setting of an instance wins over those of its release, and a node's own over that", () => {
  const changes = {
    "environments/lab/environment.yaml": `${platform["environments/lab/environment.yaml"]}`.replace(
      "sample/core }",
      "sample/core, settings: { domain: core.example, filter: [one] } }",
    ),
    "environments/lab/nodes/one.yaml":
      "name: one\nroles: [storage]\nsettings: { sample: { filter: [node] } }\ninstances: { core: { settings: { filter: [own] } } }\n",
  };
  const { repository, problems } = readRepository(filesAfter(changes));
  expect(problems).toEqual([]);
  const { settings } = renderFiles(repository, { environment: "lab", node: "one" });
  expect(settings.get("core")).toMatchObject({
    values: { domain: "core.example", filter: ["own"] },
    provenance: { domain: { layer: "instance", name: "core" } },
  });
  expect(settings.get("storage")?.values).toEqual({ domain: "example.org", filter: ["node"] });
});

describe("secrets of a local package", () => {
  const enc = "ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]";
  const sealed = (values: string) => ({
    "environments/home/secrets.sops.yaml": `${values}sops: { age: [{ recipient: age1x, enc: x }], lastmodified: "2026", mac: "${enc}" }\n`,
    "apps/wiki/package.yaml": 'variables: { PASSWORD: "{{ secrets.password }}" }\n',
  });
  const bothInstances = `wiki: { password: "${enc}" }\nwiki-b: { password: "${enc}" }\n`;

  test("are those that Git has for the instance", () => {
    const result = render(sealed(bothInstances));
    expect(instanceOf(result, "wiki").compose.variables["PASSWORD"]).toBe(secretPlaceholder("wiki.password"));
    expect(instanceOf(result, "wiki-b").compose.variables["PASSWORD"]).toBe(
      secretPlaceholder("wiki-b.password"),
    );
  });

  test("are not read by a setting that spells out a placeholder", () => {
    const forged = {
      [environment]: (home[environment] ?? "").replace("second", secretPlaceholder("wiki.password")),
    };
    expect(render(forged).problems.map(({ code, path }) => [code, path])).toEqual([
      ["K1309", "instances.wiki-b.settings.TITLE"],
    ]);
  });

  test("are not another instance's, nor a release's of the same name", () => {
    const own = render(sealed(`wiki: { password: "${enc}" }\n`));
    expect(own.problems.map(({ code, message }) => `${code} ${message}`)).toEqual([
      "K1302 undefined variable `secrets.password`",
    ]);
    expect(own.problems[0]?.hint).toBe(
      "`secrets` has nothing. Set it for its folder or its instance: keelson secrets set password --folder DIR, or --instance NAME.",
    );
    const release = {
      [environment]: `${home[environment]}releases: { wiki: ^1.0.0 }\n`,
      "environments/home/lock.yaml": "releases: { wiki: { version: 1.0.0 } }\ninstances: {}\n",
      "releases/wiki/1.0.0/release.yaml": "name: wiki\nversion: 1.0.0\npackages: [x]\n",
      "releases/wiki/1.0.0/packages/x/package.yaml": "name: x\nversion: 1.0.0\n",
      "releases/wiki/1.0.0/packages/x/compose.yaml": "services: { x: { image: x } }\n",
    };
    const files = { ...sealed(bothInstances), ...release };
    expect(render(files).problems.some(({ code }) => code === "K1302")).toBe(true);
  });

  test("are those of the folder and of the instance, too: the files are told, the weakest first", () => {
    const text = (name: string) =>
      `${name}: "${enc}"\nsops: { age: [{ recipient: age1x, enc: x }], lastmodified: "2026", mac: "${enc}" }\n`;
    const files = {
      "apps/wiki/package.yaml":
        'variables: { PASSWORD: "{{ secrets.password }}", OWN: "{{ secrets.own | default: \'\' }}" }\n',
      "apps/wiki/secrets.sops.yaml": text("password"),
      "environments/home/secrets/wiki.sops.yaml": text("own"),
      "environments/home/secrets/wiki-b.sops.yaml": text("own"),
    };
    const result = render(files);
    expect(result.problems).toEqual([]);
    expect(instanceOf(result, "wiki").compose.variables).toMatchObject({
      PASSWORD: secretPlaceholder("wiki.password"),
      OWN: secretPlaceholder("wiki.own"),
    });
    expect(result.sealed.map(({ path, instances }) => [path, instances])).toEqual([
      ["apps/wiki/secrets.sops.yaml", ["wiki", "wiki-b"]],
      ["environments/home/secrets/wiki.sops.yaml", ["wiki"]],
      ["environments/home/secrets/wiki-b.sops.yaml", ["wiki-b"]],
    ]);
  });
});
