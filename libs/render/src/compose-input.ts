import { grantsFor } from "@keelson/grants";
import {
  type ComposeInput,
  type EnvironmentFolder,
  type PackageFolder,
  type ReleaseFolder,
  compareText,
  imageLockFile,
  decodeText,
  keyPath,
  type LocalPackage,
  type SaidPlace,
  withDotenv,
  type SealedVariables,
} from "@keelson/model";

import { type PlacedInstance, layerOfInstance } from "./placement.ts";
import { publishedImages } from "./published-image.ts";

/** What Compose reads of an instance. */
export function composeInput(
  placed: PlacedInstance,
  {
    environment,
    ...made
  }: { environment: EnvironmentFolder } & Pick<ComposeInput, "variables" | "settings" | "renderedFiles">,
): ComposeInput {
  return {
    ...packageInput(placed),
    profiles: profilesOf(placed),
    profilePlaces: profilePlaces(placed, environment),
    project: placed.project,
    allow: grantsFor(environment.environment.value.policy.allow, placed.instance.package),
    images: publishedImages(placed.instance.package, environment),
    override: environment.composeOverrides.get(placed.name) ?? null,
    ...made,
  };
}

/** Of an instance that was not rendered, for the gate alone. */
export function unrenderedInput(placed: PlacedInstance, environment: EnvironmentFolder): ComposeInput {
  return composeInput(placed, { environment, ...nothingRendered(placed.package) });
}

/** Of a package that no instance brings to a node, for the gate alone: what it is granted, an environment will say. */
export function unplacedInput(folder: PackageFolder | LocalPackage): ComposeInput {
  const found = "composeFiles" in folder ? { release: null, package: folder } : { package: folder };
  const project = folder.package.value.name;
  return {
    ...packageInput(found),
    project,
    profilePlaces: {},
    images: [],
    allow: "all",
    override: null,
    ...nothingRendered(folder),
  };
}

/** Nothing that Compose may read: what it is given would depend on it. */
const isOfKeelson = new Set(["package.yaml", imageLockFile]);

function packageInput(
  found: { release: null; package: LocalPackage } | { release?: ReleaseFolder; package: PackageFolder },
) {
  const { folder, package: document, files, placed } = found.package;
  const [first = document.value.compose, ...others] =
    found.release === null ? found.package.composeFiles : [];
  const reached = found.release === null ? found.package.reached.values() : [];
  const sources = new Set(placed.map(({ source }) => source));
  return {
    folder,
    composeFiles: [first, ...others] as const,
    reach: found.release === null ? ("repository" as const) : ("package" as const),
    dotenv: found.release === null ? found.package.dotenv : null,
    profiles: found.release === null ? found.package.profiles : [],
    sealedVariables:
      found.release === null ? found.package.sealedVariables : new Map<string, SealedVariables>(),
    packageFiles: [
      ...[...files].flatMap(([path, file]) => (sources.has(path) || isOfKeelson.has(path) ? [] : [file])),
      ...reached,
    ].sort((a, b) => compareText(a.path, b.path)),
    boundPaths: placed.map(({ to }) => to),
  };
}

/** Those of the environment and those of the package's `.env`. */
function profilesOf(placed: PlacedInstance): string[] {
  const own = placed.release === null ? placed.package.profiles : [];
  return [...new Set([...own, ...(placed.instance.profiles ?? [])])].sort(compareText);
}

function profilePlaces({ name, instance }: PlacedInstance, environment: EnvironmentFolder) {
  const layer = layerOfInstance(environment, name);
  const places = (instance.profiles ?? []).map((profile, index): [string, SaidPlace] => {
    const path = keyPath(["instances", name, "profiles", index]);
    const { line, column } = layer.positionOf(path, "value");
    return [profile, { file: layer.file, line, column, path, sourceLine: layer.lineText(line) }];
  });
  return Object.fromEntries(places);
}

/** Of a local package, any of its variables may have a value; those of its `.env` have one. */
function nothingRendered(folder: PackageFolder | LocalPackage) {
  const names = "variables" in folder ? folder.variables : Object.keys(folder.package.value.variables);
  const dotenv = "dotenv" in folder && folder.dotenv !== null ? decodeText(folder.dotenv.bytes) : "";
  const given = withDotenv(dotenv, {}) ?? {};
  return {
    variables: Object.fromEntries(
      [...names].flatMap((name) => (Object.hasOwn(given, name) ? [] : [[name, ""] as const])),
    ),
    settings: [],
    renderedFiles: new Map(folder.placed.map(({ to }) => [to, new Uint8Array()])),
  };
}
