import { readFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { dirname, join, relative } from "node:path";

import { type Metafile, type Plugin, build } from "esbuild";

export interface BundleInput {
  /** The checkout. */
  root: string;
  /** Where the programs go: `start/keelson.js`, `start/keelson-agent.js` and the parts that they load. */
  outDir: string;
  /** What `keelson version` prints. */
  version: string;
}

/**
 * Bundles both programs as ES modules. What a program loads only when it needs it stays a file of its own: the agent's
 * watcher never loads the libraries, and `keelson version` loads no other command. Returns the files of npm packages that
 * went into the bundles, as paths of the checkout.
 */
export async function buildBundle({ root, outDir, version }: BundleInput): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: {
      "start/keelson": "packaging/keelson.ts",
      "start/keelson-agent": "packaging/keelson-agent.ts",
    },
    outdir: outDir,
    chunkNames: "parts/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node22.13",
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
    banner: { js: requireBanner },
    // Node's own is what it became, and is loaded in any case.
    alias: { "readable-stream": "node:stream" },
    plugins: [emptyModules, shakenModules, requiredBuiltins, embeddedTexts({ root, version })],
  });
  return packageFilesOf(metafile);
}

/** CommonJS packages ask for Node's modules by `require`, which ES modules lack. */
const requireBanner = `import { createRequire as __createRequire } from "node:module";
const require = __createRequire(import.meta.url);`;

/** Packages that Keelson does not use. Most of dockerode's size is for engines over ssh, building images and BuildKit. */
const emptyModules: Plugin = {
  name: "empty-modules",
  setup(bundle) {
    const names =
      /^(?:@grpc\/grpc-js|@grpc\/proto-loader|protobufjs|ssh2|cpu-features|tar-fs|@balena\/dockerignore)(?:\/|$)/;
    bundle.onResolve({ filter: names }, ({ path }) => ({ path, namespace: "empty" }));
    // zod's messages in fifty languages; Keelson has messages of its own.
    bundle.onResolve({ filter: /\/locales\/index\.js$/ }, ({ path, importer }) =>
      importer.includes("/zod/") ? { path, namespace: "empty" } : undefined,
    );
    bundle.onLoad({ filter: /.*/, namespace: "empty" }, () => ({
      contents: "module.exports = {};",
      loader: "js",
    }));
  },
};

/** Packages that offer Node CommonJS, which is taken as a whole, have ES modules too, of which only what is used is taken. */
const shakenModules: Plugin = {
  name: "shaken-modules",
  setup(bundle) {
    bundle.onResolve({ filter: /^isomorphic-git$/ }, async ({ path, pluginData, ...from }) => {
      if (pluginData === "shaken") return undefined;
      const { kind, importer, namespace, resolveDir } = from;
      const options = { kind, importer, namespace, resolveDir, pluginData: "shaken" };
      const found = await bundle.resolve(path, options);
      return { ...found, path: found.path.replace(/index\.cjs$/, "index.js") };
    });
  },
};

/**
 * Node's own modules come by `require`: an import of one reads all that it exports, and `node:http` then loads a client
 * for WebSockets that nobody uses (10 MiB and 18 ms of Node 24).
 */
const requiredBuiltins: Plugin = {
  name: "required-builtins",
  setup(bundle) {
    const isImport = (kind: string) => kind === "import-statement" || kind === "dynamic-import";
    bundle.onResolve({ filter: /^[a-z0-9_:/]+$/ }, ({ path, kind }) => {
      const name = path.replace(/^node:/, "");
      if (!isBuiltin(path) || !isImport(kind) || name === "module") return undefined;
      return { path: `node:${name}`, namespace: "builtin" };
    });
    bundle.onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)});`,
      loader: "js",
    }));
  },
};

/** What the sources read of the checkout, or say of themselves, is put in where it is asked for. */
function embeddedTexts({ root, version }: { root: string; version: string }): Plugin {
  const texts: Record<string, () => Promise<string>> = {
    "apps/cli/src/errors-page.ts": async () => {
      const page = await readFile(join(root, "docs/errors.md"), "utf8");
      return `export function readErrorsPage() { return ${JSON.stringify(page)}; }`;
    },
    "libs/model/src/version.ts": async () => `export const keelsonVersion = ${JSON.stringify(version)};`,
  };
  return {
    name: "embedded-texts",
    setup(bundle) {
      bundle.onLoad({ filter: /\/(?:errors-page|version)\.ts$/ }, async ({ path }) => {
        const contents = await texts[relative(root, path)]?.();
        return contents === undefined ? undefined : { contents, loader: "js", resolveDir: dirname(path) };
      });
    },
  };
}

function packageFilesOf({ inputs }: Metafile): string[] {
  return Object.keys(inputs).filter(
    (path) => path.startsWith("node_modules/") || path.includes("/node_modules/"),
  );
}
