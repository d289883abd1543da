import * as fc from "fast-check";
import { secretPlaceholder } from "@keelson/model";
import { describe, expect, test } from "vitest";

import { readRepository } from "../../manifest/src/index.ts";
import {
  build,
  corePackage,
  filesAfter,
  platform,
  problemText,
  render,
  renderedText,
  repositoryOf,
  sourceFile,
  withFile,
} from "./fixture.ts";
import { renderFiles } from "./render-files.ts";

const packagePath = `${corePackage}/package.yaml`;
const templatePath = `${corePackage}/config/core.yml.liquid`;
const environmentPath = "environments/lab/environment.yaml";

function coreOf(result: ReturnType<typeof render>) {
  const core = result.rendered?.instances.find(({ name }) => name === "core");
  if (core === undefined) throw new Error(problemText(result.problems));
  return core;
}

describe("what a node is to have", () => {
  test("is rendered with the settings of its layers", () => {
    const result = render({
      [environmentPath]: `${platform[environmentPath]}settings: { sample: { domain: lab.example } }\n`,
      "environments/lab/nodes/one.yaml":
        "name: one\nroles: [storage]\nsettings: { sample: { filter: [none] } }\n",
    });
    expect(renderedText(result, "core/conf/core.yml")).toBe(
      'domain: lab.example\nstore: lab-storage 6.0.0\nfilter: ["none"]\n',
    );
    expect(coreOf(result).compose.variables).toEqual({ DOMAIN: "lab.example" });
    expect(
      result.settings.get("core")?.provenance["filter[0]"] ??
        result.settings.get("core")?.provenance["filter"],
    ).toMatchObject({
      layer: "node",
    });
  });

  test("copies what is no template byte for byte", () => {
    const result = render();
    expect(renderedText(result, "nginx/conf/site.conf")).toBe("server { listen 80; }\n");
  });

  test("has what Compose needs, and neither package.yaml nor templates among it", () => {
    const { compose, project, after } = coreOf(render());
    expect(project).toBe("lab-core");
    expect(after).toEqual(["storage"]);
    expect(compose.packageFiles.map(({ path }) => path)).toEqual([`${corePackage}/compose.yaml`]);
    expect(compose.boundPaths).toEqual(["core/conf/core.yml", "nginx/conf/site.conf"]);
    expect([...compose.renderedFiles.keys()]).toEqual(compose.boundPaths);
  });

  test("is told by the lock alone, and by what its digest is of", () => {
    const before = render().rendered;
    const lock = "environments/lab/lock.yaml";
    const reordered = render({
      [lock]: `instances:
  storage: { version: 1.0.0, package: sample/storage }
  core: { package: sample/core, version: 1.0.0 }
releases: { sample: { version: 1.0.0 } }
`,
    });
    expect(reordered.rendered?.lockDigest).toBe(before?.lockDigest);
  });
});

describe("placement", () => {
  const instancesOn = (changes: Record<string, string>, node = "one") =>
    renderFiles(repositoryOf(changes), { environment: "lab", node }).rendered?.instances.map(
      ({ name }) => name,
    );
  const instances = (text: string) => ({
    [environmentPath]: `name: lab\nreleases: { sample: ^1.0.0 }\ninstances:\n${text}`,
    "environments/lab/nodes/two.yaml": "name: two\nroles: [core]\n",
  });

  test("is by the package's role, or everywhere when it has none", () => {
    const all = instances("  core: { package: sample/core }\n  storage: { package: sample/storage }\n");
    expect(instancesOn(all)).toEqual(["core", "storage"]);
    expect(
      instancesOn({ ...all, ...withFile("", {}), [packagePath]: "name: core\nversion: 1.0.0\n" }, "two"),
    ).toEqual(["core"]);
  });

  test("is by the instance's role or node before the package's", () => {
    const all = instances(
      "  core: { package: sample/core, on: { node: one } }\n  storage: { package: sample/storage, on: { role: core } }\n",
    );
    expect(instancesOn(all, "two")).toEqual(["storage"]);
  });

  test("leaves out what is absent, and keeps every other state", () => {
    const all = instances(
      "  core: { package: sample/core, state: absent }\n  storage: { package: sample/storage, state: staged }\n",
    );
    expect(
      renderFiles(repositoryOf(all), { environment: "lab", node: "one" }).rendered?.instances,
    ).toMatchObject([{ name: "storage", state: "staged" }]);
  });
});

describe("what cannot be found", () => {
  test("is an environment or a node", () => {
    const repository = repositoryOf();
    expect(problemText(renderFiles(repository, { environment: "lap", node: "one" }).problems))
      .toMatchInlineSnapshot(`
      "error[K1110] environments/lap/environment.yaml:1:1 there is no environment \`lap\`
        hint: did you mean \`lab\`?
      "
    `);
    expect(problemText(renderFiles(repository, { environment: "lab", node: "two" }).problems))
      .toMatchInlineSnapshot(`
      "error[K1111] environments/lab/nodes/two.yaml:1:1 environment lab has no node \`two\`
        hint: its nodes: one
      "
    `);
  });

  test("is never an empty desired state", () => {
    const withoutLock = renderFiles(repositoryOf({ "environments/lab/lock.yaml": null }), {
      environment: "lab",
      node: "one",
    });
    expect(build(withoutLock.rendered).desired).toBeNull();
    expect(problemText(withoutLock.missing)).toMatchInlineSnapshot(`
      "error[K1101] environments/lab/environment.yaml:2:1 environment lab has no lock.yaml that can be read
         2 | releases: { sample: ^1.0.0 }
           | ^
        hint: Write it, or correct it: a node follows nothing else.
      "
    `);
    const withoutPackage = renderFiles(repositoryOf({ [packagePath]: "name: [" }), {
      environment: "lab",
      node: "one",
    });
    expect(build(withoutPackage.rendered).desired).toBeNull();
    expect(problemText(withoutPackage.missing)).toMatchInlineSnapshot(`
      "error[K1116] environments/lab/environment.yaml:4:20 package sample/core of the locked release cannot be read
         4 |   core: { package: sample/core }
           |                    ^
        hint: Correct the release, or lock one that has the package.
      "
    `);
  });
});

describe("beside a problem that was found before", () => {
  const template = {
    [templatePath]: "{{ settings.mail }} {{ requires.store.project }} {{ node.nothing }}\n",
  };
  const said = (changes: Record<string, string>) => {
    const repository = repositoryOf({ ...template, ...changes });
    const { rendered, problems } = renderFiles(repository, { environment: "lab", node: "one" });
    return {
      messages: problems.map(({ code, message }) => `${code} ${message}`),
      whole: (rendered?.instances ?? []).filter(({ isWhole }) => isWhole).map(({ name }) => name),
    };
  };

  test("of the settings, templates name only mistakes of their own", () => {
    const wrong = `${platform[environmentPath]}settings: { sample: { domain: 5 } }\n`;
    expect(said({ [environmentPath]: wrong })).toEqual({
      messages: [
        "K1202 `domain`: expected text, found the number 5",
        "K1302 undefined variable `node.nothing`",
      ],
      whole: [],
    });
  });

  test("of what no instance provides, too", () => {
    const storage = "releases/sample/1.0.0/packages/storage/package.yaml";
    const other = (platform[storage] ?? "").replace(
      "provides: { store: 6.0.0 }",
      "provides: { other: 6.0.0 }",
    );
    expect(said({ [storage]: other })).toEqual({
      messages: ["K1302 undefined variable `settings.mail`", "K1302 undefined variable `node.nothing`"],
      whole: ["storage"],
    });
    const { rendered, problems } = renderFiles(
      repositoryOf({ [storage]: other, [templatePath]: "{{ requires.store.project }}\n" }),
      { environment: "lab", node: "one" },
    );
    expect(problems).toEqual([]);
    // Whoever forgets the problems of the documents must not take this for all that is desired.
    expect(build(rendered).desired).toBeNull();
  });

  test("of the package that provides what they use, too", () => {
    expect(said({ "releases/sample/1.0.0/packages/storage/package.yaml": "name: [" })).toEqual({
      messages: ["K1302 undefined variable `settings.mail`", "K1302 undefined variable `node.nothing`"],
      whole: [],
    });
  });
});

describe("a file that cannot be rendered", () => {
  test("names all that is wrong, in all files, with place and hint", () => {
    const result = render({
      [templatePath]: "domain: {{ settings.domian }}\nstore: {{ requires.cache.project }}\n",
      [packagePath]: (platform[packagePath] ?? "").replace("settings.domain }}", "settings.donain }}"),
    });
    expect(build(result.rendered).desired).toBeNull();
    expect(problemText(result.problems)).toMatchInlineSnapshot(`
      "error[K1302] releases/sample/1.0.0/packages/core/config/core.yml.liquid:1:12 undefined variable \`settings.domian\`
         1 | domain: {{ settings.domian }}
           |            ^
        hint: Did you mean \`settings.domain\`?

      error[K1302] releases/sample/1.0.0/packages/core/config/core.yml.liquid:2:11 undefined variable \`requires.cache\`
         2 | store: {{ requires.cache.project }}
           |           ^
        hint: \`requires\` has: store. List the interface under requires or optional in package.yaml; a provider must be on this node.

      error[K1302] releases/sample/1.0.0/packages/core/package.yaml:6:11 undefined variable \`settings.donain\`
         6 |   DOMAIN: "{{ settings.donain }}"
           |           ^
        hint: Did you mean \`settings.domain\`?
      "
    `);
  });

  test("is one of thousands that copy one large file: what is read again and again is paid for", () => {
    const files = Array.from(
      { length: 3_000 },
      (_, index) => `  - { template: config/large.bin, to: core/copies/${index} }`,
    );
    const result = render({
      [packagePath]: (platform[packagePath] ?? "").replace("files:\n", `files:\n${files.join("\n")}\n`),
      [templatePath.replace("core.yml.liquid", "large.bin")]: "x".repeat(1_000_000),
    });
    expect(result.problems.map(({ code, file }) => [code, file.split("/").at(-1)])).toEqual([
      ["K1315", "large.bin"],
    ]);
  });

  test("is one that does not parse any more", () => {
    expect(problemText(render({ [templatePath]: "a: 1\nb: [{{ settings.domain }}\n" }).problems))
      .toMatchInlineSnapshot(`
        "error[K1303] releases/sample/1.0.0/packages/core/config/core.yml.liquid:3:1 core/conf/core.yml as rendered is not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]
          hint: Line and column are those of the rendered file, which \`keelson render\` writes out. A value that may hold quotes or line breaks is safe as {{ value | json }}. A dialect that only its program can read has check: none.
        "
      `);
    const json = withFile("{ template: config/a.json.liquid, to: a.json }", {
      "config/a.json.liquid": '{\n  "domain": {{ settings.domain }}\n}\n',
    });
    expect(problemText(render(json).problems)).toMatchInlineSnapshot(`
      "error[K1303] releases/sample/1.0.0/packages/core/config/a.json.liquid:2:13 a.json as rendered is not valid JSON: expected a value
         2 |   "domain": example.org
           |             ^
        hint: Line and column are those of the rendered file, which \`keelson render\` writes out. A value that may hold quotes or line breaks is safe as {{ value | json }}. A dialect that only its program can read has check: none.
      "
    `);
  });

  test("is not one that is copied, or that says check: none, whatever its program may read", () => {
    const commented = '{ "a": 1, } // with comments\n';
    const copied = render(withFile("{ template: a.json, to: b/a.json }", { "a.json": commented }));
    expect(renderedText(copied, "b/a.json")).toBe(commented);
    const twice = "a: 1\na: {{ settings.domain }}\n";
    const unchecked = (check: string) =>
      render(withFile(`{ template: a.yml.liquid, to: a.yml${check} }`, { "a.yml.liquid": twice }));
    expect(renderedText(unchecked(", check: none"), "a.yml")).toBe("a: 1\na: example.org\n");
    expect(unchecked("").problems.map(({ code }) => code)).toEqual(["K1303"]);
    expect(unchecked(", check: syntax").problems.map(({ code }) => code)).toEqual(["K1303"]);
  });

  test("is not one of another kind, whatever it looks like", () => {
    const odd = withFile("{ template: a.liquid, to: a.conf }", { "a.liquid": '{ "a": [' });
    expect(render(odd).problems).toEqual([]);
    const many = withFile("{ template: m.yaml.liquid, to: m.yaml }", {
      "m.yaml.liquid": "a: 1\n---\nb: !Tag 2\n",
    });
    expect(render(many).problems).toEqual([]);
  });

  test("is one that is nested without end", () => {
    const deep = withFile("{ template: d.liquid, to: d.yaml }", { "d.liquid": "[".repeat(50_000) });
    expect(render(deep).problems.map(({ code }) => code)).toEqual(["K1303"]);
    const json = withFile("{ template: d.liquid, to: d.json }", { "d.liquid": "[".repeat(50_000) });
    expect(render(json).problems.map(({ code, column }) => `${code} ${column}`)).toEqual(["K1303 50001"]);
  });

  test("is a template that is no text", () => {
    const repository = repositoryOf();
    const folder = repository.releases.get("sample@1.0.0")?.packages.get("core");
    const files = new Map(folder?.files);
    files.set("config/core.yml.liquid", {
      path: templatePath,
      mode: "100644",
      bytes: Uint8Array.of(0xff, 0xfe),
    });
    Object.assign(folder ?? {}, { files });
    const { problems } = renderFiles(repository, { environment: "lab", node: "one" });
    expect(problemText(problems)).toMatchInlineSnapshot(`
      "error[K1301] releases/sample/1.0.0/packages/core/config/core.yml.liquid:1:1 the template is not text in UTF-8
        hint: Save it as UTF-8. To copy it as it is, give it a name that does not end in .liquid.
      "
    `);
  });

  const empty = (keys: Iterable<string>) => [...keys].map((key) => [key, ""]);

  test("does not keep Compose from its instance, of which nothing may be made", () => {
    const { rendered, unrendered } = render({ [templatePath]: "{{ settings.domian }}\n" });
    expect(unrendered).toEqual([]);
    expect(rendered?.instances.map(({ name, isWhole }) => [name, isWhole])).toEqual([
      ["core", false],
      ["storage", true],
    ]);
    const { variables, renderedFiles } = rendered?.instances[0]?.compose ?? {};
    expect(variables).toEqual({ DOMAIN: "example.org" });
    expect([...(renderedFiles ?? [])].map(([to, { length }]) => [to, length > 0])).toEqual([
      ["core/conf/core.yml", false],
      ["nginx/conf/site.conf", true],
    ]);
    expect(build(rendered).desired).toBeNull();
  });

  test("of a variable leaves its instance to the gate, and the others as they are", () => {
    const { rendered, unrendered } = render({
      [packagePath]: (platform[packagePath] ?? "").replace("settings.domain }}", "settings.domian }}"),
    });
    expect(rendered?.instances.map(({ name }) => name)).toEqual(["storage"]);
    const whole = render();
    expect(whole.unrendered).toEqual([]);
    const core = coreOf(whole).compose;
    expect(
      unrendered.map(({ compose: { variables, renderedFiles, ...rest } }) => ({
        ...rest,
        variables,
        renderedFiles: [...renderedFiles].map(([to, content]) => [to, new TextDecoder().decode(content)]),
      })),
    ).toEqual([
      {
        ...core,
        variables: Object.fromEntries(empty(Object.keys(core.variables))),
        renderedFiles: empty(core.renderedFiles.keys()),
      },
    ]);
  });

  test("is not rendered with settings that are wrong: those are said, and nothing that follows from them", () => {
    const { problems, rendered, unrendered } = render({
      [environmentPath]: `${platform[environmentPath]}settings: { sample: { domain: 7 } }\n`,
    });
    expect(problems.map(({ code }) => code.slice(0, 3))).toEqual(["K12"]);
    expect(rendered?.instances).toEqual([]);
    expect(unrendered.map(({ name }) => name)).toEqual(["core", "storage"]);
  });
});

test("what follows from a missing setting is not said besides", () => {
  const schema = "releases/sample/1.0.0/settings.schema.json";
  const { problems } = render({
    [schema]: JSON.stringify({
      type: "object",
      required: ["region"],
      properties: { region: { type: "string" }, domain: { default: "x" }, filter: { default: [] } },
    }),
    [templatePath]: "{{ settings.region }}\n",
  });
  expect(problems.map(({ code }) => code)).toEqual(["K1206"]);
});

test("a file that Git has as executable is placed so, if package.yaml does not say otherwise", () => {
  const modeOf = (entry: string, text = "#!/bin/sh\n") => {
    const files = filesAfter(
      withFile(`{ template: start.liquid, to: start${entry} }`, { "start.liquid": text }),
    );
    const modes = (["100644", "100755"] as const).map((mode) => {
      for (const [path, file] of files)
        if (path.endsWith("/start.liquid")) files.set(path, { ...file, mode });
      const { rendered } = renderFiles(readRepository(files).repository, { environment: "lab", node: "one" });
      const core = rendered?.instances.find(({ name }) => name === "core");
      return core?.files.find(({ to }) => to === "start")?.mode.toString(8);
    });
    return modes;
  };
  expect(modeOf("")).toEqual(["644", "755"]);
  expect(modeOf(', mode: "0600"')).toEqual(["600", "600"]);
  expect(modeOf("", "{{ secrets.adminKey }}")).toEqual(["400", "500"]);
});

describe("secrets", () => {
  const secret = (entry: string, text = "key: {{ secrets.adminKey }}\n") =>
    withFile(`{ template: config/key.liquid, to: secrets/key${entry} }`, { "config/key.liquid": text });

  test("are placeholders in a file that only its owner reads", () => {
    const result = render(secret(""));
    expect(coreOf(result).files.find(({ to }) => to === "secrets/key")).toMatchObject({
      secrets: ["sample.adminKey"],
      mode: 0o400,
    });
    expect(renderedText(result, "secrets/key")).toBe("key: __keelson-secret:sample.adminKey__\n");
  });

  test("may be in a file for a group", () => {
    expect(render(secret(', mode: "0440", owner: "0:70"')).problems).toEqual([]);
    expect(coreOf(render(secret(', mode: "0440", owner: "0:70"'))).files.at(-1)).toMatchObject({
      mode: 0o440,
      owner: { uid: 0, gid: 70 },
    });
  });

  test("may not be in one that everybody reads", () => {
    expect(problemText(render(secret(', mode: "0644"')).problems)).toMatchInlineSnapshot(`
      "error[K1305] releases/sample/1.0.0/packages/core/package.yaml:10:59 secrets/key holds a secret and would be open to everybody (mode 0644)
        10 |   - { template: config/key.liquid, to: secrets/key, mode: "0644" }
           |                                                           ^
        hint: Use a mode whose last digit is 0, such as 0400 or 0440, with an owner.
      "
    `);
    expect(render(secret(', mode: "0644"', "no secret\n")).problems).toEqual([]);
  });

  test("are placeholders in variables, also inside of a longer text", () => {
    const url = "postgres://u:{{ secrets.adminKey }}@db";
    const manifest = (platform[packagePath] ?? "").replace("{{ settings.domain }}", url);
    const { rendered, problems } = render({ [packagePath]: manifest });
    expect(problems).toEqual([]);
    expect(rendered?.instances[0]?.compose.variables).toEqual({
      DOMAIN: `postgres://u:${secretPlaceholder("sample.adminKey")}@db`,
    });
  });

  test("cannot be had by a file that spells the placeholder out", () => {
    const copy = withFile("{ template: config/k, to: k }", {
      "config/k": "a\n__keelson-secret:other.key__\n",
    });
    expect(problemText(render(copy).problems)).toMatchInlineSnapshot(`
      "error[K1309] releases/sample/1.0.0/packages/core/config/k:2:1 the text contains the placeholder of a secret
         2 | __keelson-secret:other.key__
           | ^
        hint: Write {{ secrets.<name> }} instead, in a .liquid template of the secret's own release.
      "
    `);
  });

  test("cannot be had by a setting", () => {
    const { problems } = render({
      [environmentPath]: `${platform[environmentPath]}settings: { sample: { domain: __keelson-secret:sample.adminKey__ } }\n`,
    });
    expect(problems.map(({ code, file }) => `${code} ${file}`)).toEqual([
      `K1309 ${templatePath}`,
      `K1309 ${packagePath}`,
    ]);
  });
});

test("the same repository in any order gives the same", () => {
  const entries = Object.entries(platform);
  const expected = render().rendered;
  fc.assert(
    fc.property(fc.shuffledSubarray(entries, { minLength: entries.length }), (order) => {
      const files = new Map(order.map(([path, text]) => [path, sourceFile(path, text)]));
      const { repository } = readRepository(files);
      const { rendered } = renderFiles(repository, { environment: "lab", node: "one" });
      expect(JSON.stringify(rendered)).toBe(JSON.stringify(expected));
    }),
    { numRuns: 30 },
  );
});

test("each file of a pattern is rendered or copied, and says where it stands when it is wrong", () => {
  const files = {
    "t/a.json.liquid": '"{{ settings.domain }}"',
    "t/b.txt": "{{ copied }}",
    "t/key.liquid": "{{ secrets.adminKey }}",
  };
  const result = render(withFile("{ template: t/, to: all }", files));
  expect(["a.json", "b.txt", "key"].map((name) => renderedText(result, `all/${name}`))).toEqual([
    '"example.org"',
    "{{ copied }}",
    "__keelson-secret:sample.adminKey__",
  ]);
  const copied = render(withFile("{ from: t/, to: all }", files));
  expect(renderedText(copied, "all/a.json.liquid")).toBe('"{{ settings.domain }}"');
  const open = render(withFile('{ template: t/, to: all, mode: "0644" }', files));
  expect(open.problems.map(({ code, line, message }) => `${code} ${line} ${message}`)).toEqual([
    "K1305 10 all/key holds a secret and would be open to everybody (mode 0644)",
  ]);
});

test.each([
  ["#!/bin/sh\r\nexit\r\n", ["K1321 1:10"]],
  ["#!/bin/sh\nexit\r\n", []],
  ["#!/bin/sh", []],
  ["echo\r\n", []],
  ["", []],
])("a script whose first line ends in a carriage return is warned of: %j", (text, expected) => {
  for (const entry of ["{ from: run, to: run }", "{ template: run, to: run }"]) {
    const { problems, warnings } = render(withFile(entry, { run: text }));
    expect(problems).toEqual([]);
    expect(warnings.map(({ code, line, column }) => `${code} ${line}:${column}`)).toEqual(expected);
  }
});
