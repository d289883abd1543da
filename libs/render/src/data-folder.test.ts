import {
  type ComposeModel,
  type ComposeMount,
  type RenderedFile,
  type RenderedInstance,
  type SourceFile,
  required,
} from "@keelson/model";
import { expect, test } from "vitest";

import { buildBinds } from "./bind.ts";
import { buildDesired } from "./build-desired.ts";
import { problemText, render, secretsOf, sourceFile } from "./fixture.ts";

const composeText = `services:
  app:
    image: app:1
    volumes: ["./config:/config"]
`;

interface Sketch {
  /** Committed files, by their path in the repository. */
  committed?: Record<string, string>;
  files?: Partial<RenderedFile>[];
  dotenv?: SourceFile;
  composeFile?: string;
}

/** An instance of the local package ./apps/wiki. */
function wiki({
  committed = {},
  files = [],
  dotenv,
  composeFile = "compose.yaml",
}: Sketch = {}): RenderedInstance {
  const [core] = required(render().rendered, "rendered node").instances;
  const instance = required(core, "instance");
  const texts = { [`apps/wiki/${composeFile}`]: composeText, ...committed };
  return {
    ...instance,
    name: "core",
    package: { reference: "./apps/wiki", version: "1a2b3c4", folder: "apps/wiki" },
    files: files.map((file) => ({
      to: "",
      template: "",
      entry: 0,
      content: new TextEncoder().encode("made"),
      mode: 0o644,
      owner: null,
      onChange: "recreate",
      writable: false,
      secrets: [],
      ...file,
    })),
    compose: {
      ...instance.compose,
      folder: "apps/wiki",
      composeFiles: [composeFile],
      reach: "repository",
      packageFiles: Object.entries(texts).map(([path, text]) => ({
        ...sourceFile(path, text),
        mode: text.startsWith("#!") ? "100755" : "100644",
      })),
      dotenv: dotenv ?? null,
    },
  };
}

/** `SOURCE[:ro]` for each bind of a service. */
function modelOf(services: Record<string, string[]>, secrets: Record<string, string> = {}): ComposeModel {
  const mountOf = (bind: string): ComposeMount => {
    const [source = "", mode] = bind.split(":");
    return { type: "bind", source, target: `/${source}`, ...(mode === "ro" ? { read_only: true } : {}) };
  };
  const made = Object.entries(services).map(([name, binds]) => [
    name,
    {
      image: "app:1",
      volumes: binds.map(mountOf),
      secrets: Object.keys(secrets).map((source) => ({ source })),
    },
  ]);
  return {
    name: "lab-core",
    services: Object.fromEntries(made),
    networks: {},
    volumes: {},
    configs: {},
    secrets: Object.fromEntries(Object.entries(secrets).map(([name, file]) => [name, { file }])),
  };
}

/** What each source is, in a line. */
function bindsOf(sketch: Sketch, model: ComposeModel): string[] {
  const { binds, problems } = buildBinds(wiki(sketch), {
    model,
    secrets: secretsOf(),
    repository: undefined,
  });
  expect(problemText(problems)).toBe("\n");
  return [
    ...binds.mounts.map(
      ({ source, kind, layout, files }) =>
        `${source}: ${layout} ${kind} of ${files.map(({ path }) => path).join(" ")}`,
    ),
    ...binds.folders.map(
      ({ source, kind, files }) =>
        `${source}: data ${kind} that keeps ${files.map(({ path }) => path).join(" ")}`,
    ),
  ];
}

const config = { "apps/wiki/config/app.conf": "a", "apps/wiki/config/run.sh": "#!/bin/sh" };

test("committed and only read are files that are placed, with Git's executable bit", () => {
  expect(bindsOf({ committed: config }, modelOf({ app: ["config:ro"], web: ["config:ro"] }))).toEqual([
    "config: content folder of app.conf run.sh",
  ]);
  const { binds } = buildBinds(wiki({ committed: config }), {
    model: modelOf({ app: ["config:ro"] }),
    secrets: secretsOf(),
    repository: undefined,
  });
  expect(binds.mounts[0]?.files.map(({ mode, onChange }) => [mode.toString(8), onChange])).toEqual([
    ["644", "recreate"],
    ["755", "recreate"],
  ]);
});

test("K1346 for a bind of encrypted variables, which a bound folder may have beside others", () => {
  const sealed = "apps/wiki/config/db.env.sops";
  const instance = wiki({ committed: { ...config, [sealed]: "DB=ENC[…]" } });
  const compose = {
    ...instance.compose,
    sealedVariables: new Map([[sealed, { bytes: new Uint8Array(), secrets: [] }]]),
  };
  const problemsOf = (bind: string) =>
    buildBinds(
      { ...instance, compose },
      { model: modelOf({ app: [bind] }), secrets: secretsOf(), repository: undefined },
    ).problems.map(({ code, path, message }) => `${code} ${path} ${message}`);
  expect(problemsOf("config/db.env.sops:ro")).toEqual([
    "K1346 services.app.volumes config/db.env.sops is encrypted by SOPS, and app, which binds it, would get what is encrypted",
  ]);
  expect(problemsOf("config:ro")).toEqual([]);
});

test("one service that may write makes it a kept folder for all of them", () => {
  const { binds } = buildBinds(wiki({ committed: config }), {
    model: modelOf({ app: ["config"], web: ["config:ro"] }),
    secrets: secretsOf(),
    repository: undefined,
  });
  expect(binds.mounts).toEqual([]);
  expect(binds.folders).toMatchObject([
    {
      source: "config",
      kind: "folder",
      services: ["app", "web"],
      writers: ["app"],
      files: [
        { path: "app.conf", to: "config/app.conf", onChange: "restart", mode: 0o644 },
        { path: "run.sh", to: "config/run.sh", onChange: "restart", mode: 0o755 },
      ],
    },
  ]);
});

test("nothing committed is a data folder, also when it is only read", () => {
  const committed = { "apps/wiki/data/.gitkeep": "", "apps/wiki/data/.gitignore": "*" };
  expect(bindsOf({ committed }, modelOf({ app: ["data", "media:ro"] }))).toEqual([
    "data: data folder that keeps ",
    "media: data folder that keeps ",
  ]);
});

test("a committed file that is bound by itself is placed, or kept where it may be written", () => {
  const committed = { "apps/wiki/nginx.conf": "n", "apps/wiki/state.json": "{}" };
  expect(bindsOf({ committed }, modelOf({ app: ["nginx.conf:ro", "state.json"] }))).toEqual([
    "nginx.conf: content file of nginx.conf",
    "state.json: data file that keeps state.json",
  ]);
});

test("the whole package folder has its files, but not what says how it is deployed", () => {
  const dotenv = sourceFile("apps/wiki/.env", "A=1");
  const committed = { ...config, "apps/wiki/.gitignore": "data", "apps/wiki/index.html": "hi" };
  expect(bindsOf({ committed, dotenv }, modelOf({ app: [".:ro"] }))).toEqual([
    ".: content folder of config/app.conf config/run.sh index.html",
  ]);
  expect(bindsOf({ dotenv }, modelOf({ app: ["."] }))).toEqual([".: data folder that keeps "]);
});

test("what is bound by its own name counts, whatever it is", () => {
  const dotenv = sourceFile("apps/wiki/.env", "A=1");
  expect(bindsOf({ dotenv }, modelOf({ app: [".env:ro", "compose.yaml:ro"] }))).toEqual([
    ".env: content file of .env",
    "compose.yaml: content file of compose.yaml",
  ]);
});

test("binds start in the folder of the Compose file", () => {
  const committed = { "apps/wiki/deploy/conf/a": "a", "apps/wiki/conf/a": "b" };
  const sketch = { committed, composeFile: "deploy/compose.yaml" };
  expect(bindsOf(sketch, modelOf({ app: ["conf:ro", "../conf:ro"] }))).toEqual([
    "../conf: content folder of a",
    "conf: content folder of a",
  ]);
});

test("the file of a secret is a file, whether it is committed or not", () => {
  const secrets = { one: "secrets/one.txt", two: "secrets/two.txt" };
  expect(bindsOf({ committed: { "apps/wiki/secrets/one.txt": "1" } }, modelOf({ app: [] }, secrets))).toEqual(
    ["secrets/one.txt: content file of one.txt", "secrets/two.txt: data file that keeps "],
  );
});

test("`files` says how committed files change, and what it makes is placed as in a release", () => {
  const inPlace = { to: "config/app.conf", template: "apps/wiki/config/app.conf", onChange: "none" as const };
  const rest = { "apps/wiki/config/run.sh": "#!/bin/sh" };
  const { binds } = buildBinds(wiki({ committed: rest, files: [inPlace] }), {
    model: modelOf({ app: ["config"] }),
    secrets: secretsOf(),
    repository: undefined,
  });
  expect(binds.folders[0]?.files.map(({ path, onChange }) => [path, onChange])).toEqual([
    ["app.conf", "none"],
    ["run.sh", "restart"],
  ]);
  const made = { to: "config/app.conf", template: "apps/wiki/app.conf.liquid" };
  expect(bindsOf({ files: [made] }, modelOf({ app: ["config"] }))).toEqual([
    "config: content folder of app.conf",
  ]);
});

test("a kept file lies in the innermost folder that keeps it", () => {
  const committed = { "apps/wiki/config/a": "a", "apps/wiki/config/inner/b": "b" };
  expect(bindsOf({ committed }, modelOf({ app: ["config", "config/inner"] }))).toEqual([
    "config: data folder that keeps a",
    "config/inner: data folder that keeps b",
  ]);
});

test("outside of its folder a package may bind what is committed, and only read it", () => {
  const committed = { "common/base.conf": "b" };
  expect(bindsOf({ committed }, modelOf({ app: ["../../common/base.conf:ro"] }))).toEqual([
    "../../common/base.conf: content file of base.conf",
  ]);
  const { problems } = buildBinds(wiki({ committed }), {
    model: modelOf({ app: ["../../common", "../media:ro"] }),
    secrets: secretsOf(),
    repository: undefined,
  });
  expect(problems.map(({ code, line, message }) => `${code} ${line} ${message}`)).toEqual([
    "K1323 4 ../../common is committed outside of the package's folder, and app may write there",
    "K1323 4 ../media lies outside of the package's folder, and nothing of it is committed: Keelson keeps no data there",
  ]);
});

test("a path of the host is none of them, and stays as writable as the Compose file says", () => {
  const model = modelOf({ app: ["/srv/media", "data"] });
  const desired = desiredOf({}, model);
  expect(desired.mounts).toEqual([]);
  expect(desired.compose.services["app"]?.volumes).toMatchObject([
    { source: "/srv/media", target: "//srv/media" },
    { source: "@keelson:data@/data", target: "/data" },
  ]);
  expect(JSON.stringify(desired.compose.services["app"]?.volumes)).not.toContain("read_only");
});

test("a data folder that becomes a kept one recreates nothing, nor does another content", () => {
  const model = modelOf({ app: ["config"] });
  const digests = [{}, config, { ...config, "apps/wiki/config/app.conf": "b" }].map(
    (committed) => desiredOf({ committed }, model).services[0]?.digests[0].digest,
  );
  expect(new Set(digests).size).toBe(1);
});

test("a file that is bound by itself cannot be told of its change by a signal", () => {
  const file = { to: "state.json", template: "apps/wiki/state.json", onChange: "signal:HUP" as const };
  const { problems } = buildBinds(wiki({ files: [file] }), {
    model: modelOf({ app: ["state.json"] }),
    secrets: secretsOf(),
    repository: undefined,
  });
  expect(problems.map(({ code }) => code)).toEqual(["K1307"]);
});

function desiredOf(sketch: Sketch, model: ComposeModel) {
  const rendered = required(render().rendered, "rendered node");
  const { desired, problems } = buildDesired(
    { ...rendered, places: rendered.places.filter(({ name }) => name === "core"), instances: [wiki(sketch)] },
    { models: new Map([["core", model]]), problems: [], secrets: secretsOf() },
  );
  expect(problemText(problems)).toBe("\n");
  return required(required(desired, "desired node").instances[0], "instance");
}

test.each<[string, string, boolean]>([
  ["./data", "./data", true],
  ["./data", "./data/db", true],
  ["./data/db", "./data", true],
  ["./data", "./other", false],
])("one folder is not the data of two instances: %s and %s, with `was`", (first, second, isShared) => {
  const rendered = required(render().rendered, "rendered node");
  const source = (path: string) => path.replace("./", "");
  const instances = [wiki(), { ...wiki(), name: "storage", was: "core" }];
  const { problems } = buildDesired(
    { ...rendered, instances },
    {
      models: new Map([
        ["core", modelOf({ app: [source(first)] })],
        ["storage", modelOf({ app: [source(second)] })],
      ]),
      problems: [],
      secrets: secretsOf(),
    },
  );
  const message = `${source(second)} of instance storage and ${source(first)} of core would both be the data of core`;
  expect(
    problems.flatMap(({ code, message: text, instances: of }) => (code === "K1435" ? [{ text, of }] : [])),
  ).toEqual(isShared ? [{ text: message, of: ["core", "storage"] }] : []);
});
