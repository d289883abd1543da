import type { ComposeInput, PublishedImage, SourceFile } from "@keelson/model";

/** For this room's tests: a package with the given files by their path in it. */
export function sampleInput(sample: {
  files: Readonly<Record<string, string>>;
  override?: string;
  variables?: Record<string, string>;
  settings?: string[];
  boundPaths?: string[];
  rendered?: Record<string, string>;
  links?: string[];
  composeFile?: string;
  profiles?: string[];
  /** Those of the profiles that the environment says. */
  said?: string[];
  images?: Record<string, string>;
  allow?: ComposeInput["allow"];
}): ComposeInput {
  const folder = "releases/sample/1.0.0/packages/core";
  const links = (sample.links ?? []).map((path) =>
    sourceFile(`${folder}/${path}`, { text: "/etc/passwd", mode: "120000" }),
  );
  return {
    project: "lab-core",
    folder,
    composeFiles: [sample.composeFile ?? "compose.yaml"],
    reach: "package",
    dotenv: null,
    profiles: sample.profiles ?? [],
    profilePlaces: Object.fromEntries((sample.said ?? []).map((name) => [name, placeOf(name)])),
    images: Object.entries(sample.images ?? {}).map(([service, image]) => ({
      service,
      image,
      place: placeOf(service),
    })),
    allow: sample.allow ?? {},
    packageFiles: [
      ...Object.entries(sample.files).map(([path, text]) =>
        sourceFile(`${folder}/${path}`, { text, mode: "100644" }),
      ),
      ...links,
    ],
    override:
      sample.override === undefined
        ? null
        : sourceFile("environments/lab/compose/core.yaml", { text: sample.override, mode: "100644" }),
    variables: sample.variables ?? {},
    settings: sample.settings ?? [],
    boundPaths: sample.boundPaths ?? ["core/conf/core.yml", "core/conf/extra.yml", "core/secrets/admin"],
    renderedFiles: new Map(
      Object.entries(sample.rendered ?? {}).map(([path, text]) => [path, new TextEncoder().encode(text)]),
    ),
  };
}

/** A repository with the given files, and a local package in one of its folders. */
export function repositoryInput(
  sample: Omit<Parameters<typeof sampleInput>[0], "composeFile"> & {
    folder: string;
    composeFiles?: [string, ...string[]];
  },
): ComposeInput {
  const { folder, composeFiles = ["compose.yaml"] } = sample;
  const packageFiles = Object.entries(sample.files).map(([path, text]) =>
    sourceFile(path, { text, mode: "100644" }),
  );
  return {
    ...sampleInput(sample),
    folder,
    composeFiles,
    reach: "repository",
    packageFiles,
    dotenv: packageFiles.find(({ path }) => path === `${folder}/.env`) ?? null,
    boundPaths: sample.boundPaths ?? [],
  };
}

function placeOf(service: string): PublishedImage["place"] {
  return { file: "environments/lab/environment.yaml", line: 5, column: 3, path: `images.${service}` };
}

function sourceFile(path: string, { text, mode }: { text: string; mode: SourceFile["mode"] }): SourceFile {
  return { path, mode, bytes: new TextEncoder().encode(text) };
}
