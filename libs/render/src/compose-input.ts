import { grantsFor } from "@keelson/grants";
import {
  type ComposeInput,
  type EnvironmentFolder,
  type PackageFolder,
  compareText,
  projectOf,
} from "@keelson/model";

import type { PlacedInstance } from "./placement.ts";
import { publishedImages } from "./published-image.ts";

/** What Compose reads of an instance. */
export function composeInput(
  placed: PlacedInstance,
  {
    environment,
    ...made
  }: { environment: EnvironmentFolder } & Pick<ComposeInput, "variables" | "renderedFiles">,
): ComposeInput {
  return {
    ...packageInput(placed.package),
    project: projectOf(environment.environment.value.name, placed.name),
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
export function unplacedInput(folder: PackageFolder): ComposeInput {
  const project = folder.package.value.name;
  return {
    ...packageInput(folder),
    project,
    images: [],
    allow: "all",
    override: null,
    ...nothingRendered(folder),
  };
}

function packageInput({ folder, package: document, files, placed }: PackageFolder) {
  const sources = new Set(placed.map(({ source }) => source));
  return {
    folder,
    composeFiles: [document.value.compose] as const,
    reach: "package" as const,
    dotenv: null,
    profiles: [],
    packageFiles: [...files]
      .filter(([path]) => !sources.has(path) && path !== "package.yaml")
      .map(([, file]) => file)
      .sort((a, b) => compareText(a.path, b.path)),
    boundPaths: placed.map(({ to }) => to),
  };
}

function nothingRendered({ package: document, placed }: PackageFolder) {
  const names = Object.keys(document.value.variables);
  return {
    variables: Object.fromEntries(names.map((name) => [name, ""])),
    renderedFiles: new Map(placed.map(({ to }) => [to, new Uint8Array()])),
  };
}
