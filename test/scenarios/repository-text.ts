import { stringify } from "yaml";

/** Contents by path. */
export type Files = Readonly<Record<string, string>>;

/** The parts of a text of the form `-- path --` followed by the file's lines (Go's txtar). */
export function parseFiles(text: string): Record<string, string> {
  const files: Record<string, string> = {};
  for (const part of text.split(/^(?=-- \S+ --$)/m)) {
    const [, path, content] = /^-- (\S+) --\n?([\s\S]*)$/.exec(part) ?? [];
    if (path !== undefined && content !== undefined) files[path] = content;
    else if (part.trim() !== "") throw new Error(`text before the first "-- path --": ${part.slice(0, 60)}`);
  }
  return files;
}

/** The release that small platforms have. */
export const smallRelease = "app";

export interface SmallRepository {
  readonly environment: string;
  /**
   * Files of the release `app`, as `-- packages/web/compose.yaml --`. Its documents have names, versions, packages and
   * the schema of its settings by themselves.
   */
  readonly release: string;
  /** Nodes with what their documents have beside the name; the first is the one that runs. */
  readonly nodes: Readonly<Record<string, object>>;
  /** Put over what environment.yaml has by itself: every package as an instance of its name. */
  readonly environmentDocument: Readonly<Record<string, unknown>>;
}

/** The files of a state repository with one release and one environment, of which only the release has to be told. */
export function makeSmallRepository(input: SmallRepository): Record<string, string> {
  const release = completeRelease(parseFiles(input.release), "1.0.0");
  const folder = `environments/${input.environment}`;
  const environment = {
    name: input.environment,
    releases: { [smallRelease]: "^1.0.0" },
    instances: Object.fromEntries(
      packagesOf(release).map((name) => [name, { package: `${smallRelease}/${name}` }]),
    ),
    policy: { requireDigests: false },
    ...input.environmentDocument,
  };
  const nodes = Object.entries(input.nodes).map(([name, document]) => [
    `${folder}/nodes/${name}.yaml`,
    stringify({ name, ...document }),
  ]);
  return {
    ".gitattributes": "releases/** -text\n",
    ...Object.fromEntries(
      Object.entries(release).map(([path, text]) => [`releases/${smallRelease}/1.0.0/${path}`, text]),
    ),
    [`${folder}/environment.yaml`]: stringify(environment),
    [`${folder}/lock.yaml`]: lockFor(environment.instances, "1.0.0"),
    ...Object.fromEntries(nodes),
  };
}

/** The files that say which instances a small platform is to have, and no others. */
export function wantInstances(
  { environment, paths }: { environment: string; paths: { environment: string; lock: string } },
  instances: Readonly<Record<string, { readonly package: string; readonly [key: string]: unknown }>>,
  { policy = {}, version = "1.0.0" }: { policy?: object; version?: string } = {},
): Record<string, string> {
  const document = {
    name: environment,
    releases: { [smallRelease]: "^1.0.0" },
    instances,
    policy: { requireDigests: false, ...policy },
  };
  return { [paths.environment]: stringify(document), [paths.lock]: lockFor(instances, version) };
}

/** A lock.yaml for instances of packages that all have version 1.0.0, of a release of the given version. */
export function lockFor(
  instances: Readonly<Record<string, { readonly package: string }>>,
  releaseVersion: string,
): string {
  return stringify({
    releases: { [smallRelease]: { version: releaseVersion } },
    instances: Object.fromEntries(
      Object.entries(instances).map(([name, instance]) => [
        name,
        { package: instance.package, version: "1.0.0" },
      ]),
    ),
  });
}

/** What a document begins with need not be told, and one that holds nothing else need not be there. */
function completeRelease(files: Files, version: string): Record<string, string> {
  const packages = packagesOf(files);
  const settings = "settings.schema.json" in files ? "settings: settings.schema.json\n" : "";
  const heads = {
    "release.yaml": `name: ${smallRelease}\nversion: ${version}\npackages: [${packages.join(", ")}]\n${settings}`,
    ...Object.fromEntries(
      packages.map((name) => [`packages/${name}/package.yaml`, `name: ${name}\nversion: 1.0.0\n`]),
    ),
  };
  const whole = Object.entries(heads).map(([path, head]) => [path, head + (files[path] ?? "")]);
  return { ...files, ...Object.fromEntries(whole) };
}

function packagesOf(files: Files): string[] {
  const names = Object.keys(files).map((path) => /^packages\/([^/]+)\//.exec(path)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))];
}
