import { describe, expect, it } from "vitest";

import { gateCompose } from "./gate.ts";
import { findParticipants } from "./participants.ts";
import { sampleInput } from "./sample-input.ts";

type Sample = Parameters<typeof sampleInput>[0];

const app = "services: {app: {image: app}}";
const web = "services: {web: {image: web}}";

describe("include and extends", () => {
  const refused: [what: string, text: string, path: string][] = [
    ["a URL", "include: [https://example.org/compose.yaml]", "include.0"],
    ["a Git address", "include: ['git@example.org:a/b.git']", "include.0"],
    ["a Git address without a scheme", "include: [github.com/a/b]", "include.0"],
    ["a registry", "include: ['oci://docker.io/a/b:1']", "include.0"],
    ["an absolute path", "include: [/etc/compose.yaml]", "include.0"],
    ["a climbing path", "include: [../other/compose.yaml]", "include.0"],
    ["a path that climbs inside", "include: [sub/../web.yaml]", "include.0"],
    ["a home folder", "include: [~/compose.yaml]", "include.0"],
    ["a variable", "include: ['${TAG}.yaml']", "include.0"],
    ["a missing file", "include: [nope.yaml]", "include.0"],
    ["a symbolic link", "include: [link.yaml]", "include.0"],
    ["a long form that climbs", "include: [{path: ../web.yaml}]", "include.0.path"],
    ["a list that climbs", "include: [{path: [web.yaml, ../web.yaml]}]", "include.0.path.1"],
    ["env_file", "include: [{path: web.yaml, env_file: a.env}]", "include.0.env_file"],
    ["project_directory", "include: [{path: web.yaml, project_directory: /}]", "include.0.project_directory"],
    ["no list", "include: web.yaml", "include"],
    ["a folder with a .env", "include: [dotenv/web.yaml]", "include.0"],
    [
      "a remote base",
      "services: {app: {extends: {service: web, file: https://example.org/c.yaml}}}",
      "services.app.extends.file",
    ],
    [
      "an absolute base",
      "services: {app: {extends: {service: web, file: /etc/c.yaml}}}",
      "services.app.extends.file",
    ],
    [
      "a climbing base",
      "services: {app: {extends: {service: web, file: ../c.yaml}}}",
      "services.app.extends.file",
    ],
    [
      "a base with a variable",
      "services: {app: {extends: {service: web, file: '${TAG}'}}}",
      "services.app.extends.file",
    ],
    ["a service that extends itself", "services: {app: {extends: app, image: a}}", "services.app.extends"],
  ];

  it.each(refused)("must refuse %s", (_what, text, path) => {
    const found = gate({
      files: { ...library, "compose.yaml": text },
      links: ["link.yaml"],
      variables: { TAG: "web" },
    });
    expect(found).toContainEqual(["K1407", path]);
  });

  it.each([
    "include: [web.yaml]",
    "include: [./web.yaml]",
    "include: [{path: web.yaml}]",
    "include: [{path: [web.yaml, sub/web.yaml]}]",
    "include: [sub/web.yaml]",
    "services: {app: {extends: {service: web, file: web.yaml}}}",
    "services: {app: {extends: web}, web: {image: web}}",
  ])("must accept %s", (text) => {
    expect(gate({ files: { ...library, "compose.yaml": text } })).toEqual([]);
  });

  it("must refuse an include cycle and name where it closes", () => {
    const files = {
      "compose.yaml": `include: [a.yaml]\n${app}`,
      "a.yaml": "include: [b.yaml]",
      "b.yaml": "include: [a.yaml]",
    };
    const [problem, ...others] = gateCompose(sampleInput({ files }));
    expect(others).toEqual([]);
    expect(problem).toMatchObject({
      code: "K1407",
      file: expect.stringMatching(/b\.yaml$/),
      message: "a.yaml includes itself",
    });
  });

  it("must accept a file that is included twice, and two files that extend services of each other", () => {
    const twice = {
      "compose.yaml": "include: [a.yaml, web.yaml]",
      "a.yaml": "include: [web.yaml]",
      "web.yaml": web,
    };
    expect(gate({ files: twice })).toEqual([]);
    const crossed = {
      "compose.yaml": "services: {app: {extends: {service: a, file: a.yaml}}}",
      "a.yaml": "services: {a: {extends: {service: b, file: b.yaml}}, c: {image: c}}",
      "b.yaml": "services: {b: {extends: {service: c, file: a.yaml}}}",
    };
    expect(gate({ files: crossed })).toEqual([]);
  });

  it("must refuse a cycle of services over two files", () => {
    const files = {
      "compose.yaml": "services: {app: {extends: {service: a, file: a.yaml}}}",
      "a.yaml": "services: {a: {extends: {service: b, file: b.yaml}}}",
      "b.yaml": "services: {b: {extends: {service: a, file: a.yaml}}}",
    };
    expect(gate({ files }).map(([code]) => code)).toEqual(["K1407", "K1407", "K1407"]);
  });

  it("must end at a limit of depth and of files", () => {
    const chain = (length: number) =>
      Object.fromEntries(
        Array.from({ length }, (_, index) => [
          index === 0 ? "compose.yaml" : `f${index}.yaml`,
          index === length - 1 ? app : `include: [f${index + 1}.yaml]`,
        ]),
      );
    expect(gate({ files: chain(9) })).toEqual([]);
    expect(gate({ files: chain(11) })).toEqual([["K1418", "include.0"]]);
    const wide = (count: number) => {
      const names = Array.from({ length: count }, (_, index) => `w${index}.yaml`);
      return {
        ...Object.fromEntries(names.map((name) => [name, "services: {}"])),
        "compose.yaml": `include: [${names.join(", ")}]\n${app}`,
      };
    };
    expect(gate({ files: wide(31) })).toEqual([]);
    expect(gate({ files: wide(32) })).toEqual([["K1418", ""]]);
  });

  it("must judge what included, extended and override files say", () => {
    const bad = "services: {web: {image: web, privileged: true}}";
    const main = "include: [inc.yaml]\nservices: {app: {extends: {service: web, file: base.yaml}}}";
    const files = { "compose.yaml": main, "inc.yaml": bad, "base.yaml": bad };
    const found = gateCompose(sampleInput({ files, override: bad.replace("web:", "app:") }));
    expect(found.map(({ code, file }) => [code, file.split("/").slice(-2).join("/")])).toEqual([
      ["K1401", "compose/core.yaml"],
      ["K1401", "core/base.yaml"],
      ["K1401", "core/inc.yaml"],
    ]);
  });

  it("must judge relative paths of an included or extended file from its own folder", () => {
    const bind = (source: string) => `services: {web: {image: web, volumes: ['${source}:/x']}}`;
    const boundPaths = ["sub/conf/a.yml"];
    for (const main of [
      "include: [sub/web.yaml]",
      "services: {app: {extends: {service: web, file: sub/web.yaml}}}",
    ]) {
      const files = (source: string) => ({ "compose.yaml": main, "sub/web.yaml": bind(source) });
      expect(gate({ files: files("./conf"), boundPaths })).toEqual([]);
      expect(gate({ files: files("./sub/conf"), boundPaths })).toEqual([["K1404", "services.web.volumes.0"]]);
    }
  });

  it("must not read what no file names", () => {
    const { composeFiles, plainFiles } = findParticipants(
      sampleInput({
        files: { "compose.yaml": app, ".env": "A=1", "other.yaml": "services: {x: {privileged: true}}" },
      }),
    ).participants;
    expect(composeFiles.map(({ document }) => document.file)).toEqual([
      "releases/sample/1.0.0/packages/core/compose.yaml",
    ]);
    expect(plainFiles).toEqual([]);
  });

  const library = {
    "web.yaml": web,
    "sub/web.yaml": web,
    "dotenv/web.yaml": web,
    "dotenv/.env": "A=1",
    "a.env": "A=1",
  };
});

describe("env_file and label_file", () => {
  it.each(["env_file", "label_file"])("must refuse a %s that is not of the package", (key) => {
    const refused = [
      "/etc/shadow",
      "../a.env",
      "~/a.env",
      "'${TAG}.env'",
      "nope.env",
      "link.env",
      "https://example.org/a.env",
    ];
    const codesOf = (path: string) => {
      const files = { "compose.yaml": `services: {app: {image: app, ${key}: [${path}]}}`, "a.env": "A=1" };
      return gate({ files, links: ["link.env"], variables: { TAG: "a" } });
    };
    expect(refused.map(codesOf)).toEqual(refused.map(() => [["K1408", `services.app.${key}.0`]]));
  });

  it.each([
    "env_file: a.env",
    "env_file: [./a.env]",
    "env_file: [{path: a.env}]",
    "env_file: [{path: nope.env, required: false}]",
    "env_file: core/app.env",
    "label_file: a.env",
  ])("must accept %s", (line) => {
    const files = { "compose.yaml": `services: {app: {image: app, ${line}}}`, "a.env": "A=1" };
    expect(gate({ files, rendered: { "core/app.env": "A=1" } })).toEqual([]);
  });

  it.each(["core/conf", "core/conf/base.yaml/a.env"])(
    "must refuse a rendered one that is a folder of the package's files, or lies below one: %s",
    (path) => {
      const service = `image: app, env_file: ${path}, extends: {file: core/conf/base.yaml, service: b}`;
      const files = {
        "compose.yaml": `services: {app: {${service}}}`,
        "core/conf/base.yaml": "services: {b: {image: b}}",
      };
      const problems = gate({ files, rendered: { [path]: "A=1" } });
      expect(problems).toEqual([["K1408", "services.app.env_file"]]);
      const twin = { ...files, "compose.yaml": files["compose.yaml"].replace(path, "core/confx") };
      expect(gate({ files: twin, rendered: { "core/confx": "A=1" } })).toEqual([]);
    },
  );

  it("must refuse a climbing path also when the file may be missing", () => {
    const files = {
      "compose.yaml": "services: {app: {image: app, env_file: [{path: ../x, required: false}]}}",
    };
    expect(gate({ files })).toEqual([["K1408", "services.app.env_file.0.path"]]);
  });

  it("must refuse a huge one", () => {
    const files = (length: number) => ({
      "compose.yaml": "services: {app: {image: app, env_file: a.env}}",
      "a.env": `A=${"x".repeat(length)}`,
    });
    expect(gate({ files: files(1024) })).toEqual([]);
    expect(gate({ files: files(1024 * 1024) })).toEqual([["K1418", "services.app.env_file"]]);
  });
});

describe("the Compose file", () => {
  it("must be there, be plain and be named without climbing", () => {
    expect(gate({ files: { "compose.yaml": app } })).toEqual([]);
    expect(gate({ files: { "compose.yaml": app }, composeFile: "./compose.yaml" })).toEqual([]);
    expect(gate({ files: { "deploy/compose.yaml": app }, composeFile: "deploy/compose.yaml" })).toEqual([]);
    expect(gate({ files: {} })).toEqual([["K1416", ""]]);
    expect(gate({ files: {}, links: ["compose.yaml"] })).toEqual([["K1416", ""]]);
    expect(gate({ files: { "compose.yaml": app }, composeFile: "../compose.yaml" })).toEqual([["K1416", ""]]);
  });

  it("must give every service an image", () => {
    expect(gate({ files: { "compose.yaml": "services: {app: {command: id}}" } })).toEqual([
      ["K1424", "services.app"],
    ]);
    expect(gate({ files: { "compose.yaml": "services: {app: {image: ''}}" } })).toEqual([
      ["K1424", "services.app"],
    ]);
    expect(gate({ files: { "compose.yaml": "services: {app: {command: id}}" }, override: app })).toEqual([]);
    const files = {
      "compose.yaml": "services: {app: {extends: {service: web, file: web.yaml}}}",
      "web.yaml": web,
    };
    expect(gate({ files })).toEqual([]);
    expect(gate({ files: { ...files, "web.yaml": "services: {web: {command: id}}" } })).toEqual([
      ["K1424", "services.app"],
    ]);
  });
});

function gate(sample: Sample) {
  return gateCompose(sampleInput(sample)).map(({ code, path }) => [code, path]);
}
