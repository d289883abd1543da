import {
  type EnvironmentFolder,
  type JsonObject,
  type Located,
  type NodeDocument,
  type Problem,
  type RenderedFile,
  type RenderedInstance,
  type RenderedNode,
  type Repository,
  compareText,
  digestValue,
  projectOf,
  secretPlaceholder,
  secretPlaceholderPattern,
} from "@keelson/model";
import { type LayeredSettings, type SettingsLayer, layerSettings } from "@keelson/settings";

import { type PlacedInstance, type Provider, findProviders, placeInstances } from "./placement.ts";
import { renderFile } from "./rendered-file.ts";
import { renderTemplate } from "./template.ts";

export interface NodeReference {
  environment: string;
  node: string;
}

export interface RenderResult {
  /** Null when there is any problem: a node follows a whole commit or none of it. */
  rendered: RenderedNode | null;
  /** Layered settings by release, with where each value came from. */
  settings: ReadonlyMap<string, LayeredSettings>;
  problems: Problem[];
}

/** Files and Compose inputs of every instance of a node, secrets as placeholders. Never throws on bad documents. */
export function renderFiles(repository: Repository, reference: NodeReference): RenderResult {
  const found = findNode(repository, reference);
  if ("problem" in found) return { rendered: null, settings: new Map(), problems: [found.problem] };
  const { environment, node } = found;
  const placed = placeInstances(repository, { environment, node: node.value });
  const settings = layerByRelease(placed, { environment, node });
  const providers = findProviders(placed);
  const problems = [...settings.values()].flatMap((layered) => layered.problems);
  const instances: RenderedInstance[] = [];
  for (const each of placed) {
    const values = settings.get(each.release.release.value.name)?.values ?? {};
    const result = renderInstance(each, { environment, node: node.value, values, providers });
    instances.push(result.instance);
    problems.push(...result.problems);
  }
  const rendered: RenderedNode = {
    ...reference,
    lockDigest: digestValue(environment.lock?.value ?? null),
    instances,
  };
  return { rendered: problems.length === 0 ? rendered : null, settings, problems };
}

type FoundNode = { environment: EnvironmentFolder; node: Located<NodeDocument> } | { problem: Problem };

function findNode(repository: Repository, reference: NodeReference): FoundNode {
  const environment = repository.environments.get(reference.environment);
  if (environment === undefined) {
    return {
      problem: missing("K1110", `environments/${reference.environment}/environment.yaml`, {
        message: `there is no environment \`${reference.environment}\``,
        hint: listNames("Environments", repository.environments.keys()),
      }),
    };
  }
  const node = environment.nodes.get(reference.node);
  if (node === undefined) {
    return {
      problem: missing("K1111", `${environment.folder}/nodes/${reference.node}.yaml`, {
        message: `environment \`${reference.environment}\` has no node \`${reference.node}\``,
        hint: listNames("Nodes", environment.nodes.keys()),
      }),
    };
  }
  return { environment, node };
}

function missing(code: string, file: string, text: { message: string; hint: string }): Problem {
  return { code, file, line: 1, column: 1, path: "", ...text };
}

function listNames(what: string, names: Iterable<string>): string {
  const sorted = [...names].sort(compareText);
  return sorted.length === 0 ? `${what}: none that can be read.` : `${what}: ${sorted.join(", ")}.`;
}

function layerByRelease(
  placed: readonly PlacedInstance[],
  on: { environment: EnvironmentFolder; node: Located<NodeDocument> },
): Map<string, LayeredSettings> {
  const releases = new Map(placed.map(({ release }) => [release.release.value.name, release]));
  const layered = new Map<string, LayeredSettings>();
  for (const [name, release] of releases) {
    const layers: SettingsLayer[] = [
      ...on.environment.layers.map((located) => ({ kind: "environment" as const, located })),
      { kind: "node" as const, located: on.node },
    ].map(({ kind, located }) => ({
      kind,
      name: located.value.name,
      located,
      path: `settings.${name}`,
      values: (located.value.settings[name] ?? {}) as JsonObject,
    }));
    layered.set(name, layerSettings({ release: name, schema: release.settingsSchema, layers }));
  }
  return layered;
}

interface InstanceContext {
  environment: EnvironmentFolder;
  node: NodeDocument;
  values: JsonObject;
  providers: ReadonlyMap<string, Provider>;
}

function renderInstance(
  placed: PlacedInstance,
  on: InstanceContext,
): { instance: RenderedInstance; problems: Problem[] } {
  const manifest = placed.package.package.value;
  const environmentName = on.environment.environment.value.name;
  const context = templateContext(placed, on);
  const { files, problems: fileProblems } = renderPackageFiles(placed, context);
  const { variables, problems: variableProblems } = renderVariables(placed, context);
  const templates = new Set(manifest.files.map((file) => file.template));
  const interfaces = [...Object.keys(manifest.requires), ...Object.keys(manifest.optional)];
  const after = interfaces
    .map((name) => on.providers.get(name)?.instance)
    .filter((name) => name !== undefined && name !== placed.name);
  return {
    instance: {
      name: placed.name,
      project: projectOf(environmentName, placed.name),
      package: {
        release: placed.release.release.value.name,
        name: manifest.name,
        version: manifest.version,
        folder: placed.package.folder,
      },
      state: placed.instance.state,
      after: [...new Set(after as string[])].sort(compareText),
      data: manifest.data,
      update: manifest.update,
      compose: {
        project: projectOf(environmentName, placed.name),
        folder: placed.package.folder,
        composeFile: manifest.compose,
        packageFiles: [...placed.package.files]
          .filter(([path]) => !templates.has(path) && path !== "package.yaml")
          .map(([, file]) => file),
        override: on.environment.composeOverrides.get(placed.name) ?? null,
        variables,
        boundPaths: manifest.files.map((file) => file.to),
        renderedFiles: new Map(files.map((file) => [file.to, file.content])),
      },
      files,
    },
    problems: [...fileProblems, ...variableProblems],
  };
}

/** What a template sees; docs/spec/package.md lists it. */
function templateContext(placed: PlacedInstance, on: InstanceContext): Record<string, unknown> {
  const release = placed.release.release.value;
  const environmentName = on.environment.environment.value.name;
  const manifest = placed.package.package.value;
  const secrets = Object.keys(release.secrets).map((name) => [
    name,
    secretPlaceholder(`${release.name}.${name}`),
  ]);
  const requires = [...Object.keys(manifest.requires), ...Object.keys(manifest.optional)].flatMap((name) => {
    const provider = on.providers.get(name);
    return provider === undefined
      ? []
      : [
          [
            name,
            {
              instance: provider.instance,
              project: projectOf(environmentName, provider.instance),
              version: provider.version,
            },
          ],
        ];
  });
  return {
    settings: on.values,
    environment: { name: environmentName },
    node: { name: on.node.name, roles: on.node.roles },
    instance: { name: placed.name },
    release: { name: release.name, version: release.version },
    secrets: Object.fromEntries(secrets) as Record<string, string>,
    requires: Object.fromEntries(requires) as Record<string, unknown>,
  };
}

function renderPackageFiles(
  placed: PlacedInstance,
  context: Record<string, unknown>,
): { files: RenderedFile[]; problems: Problem[] } {
  const results = placed.package.package.value.files.map((file, index) =>
    renderFile(placed.package, { file, index, context }),
  );
  return {
    files: results.flatMap((result) => (result.file === null ? [] : [result.file])),
    problems: results.flatMap((result) => result.problems),
  };
}

function renderVariables(
  placed: PlacedInstance,
  context: Record<string, unknown>,
): { variables: Record<string, string>; problems: Problem[] } {
  const document = placed.package.package;
  const variables: Record<string, string> = {};
  const problems: Problem[] = [];
  for (const [name, text] of Object.entries(document.value.variables)) {
    const path = `variables.${name}`;
    const at = { ...document.positionOf(path), path };
    const result = renderTemplate({ text, file: document.file, context, at });
    const sourceLine = document.lineText(at.line);
    problems.push(...result.problems.map((problem) => ({ ...problem, sourceLine })));
    if (result.text === null) continue;
    if (result.text.search(secretPlaceholderPattern) !== -1) {
      problems.push({
        code: "K1304",
        file: document.file,
        ...at,
        message: `variable ${name} would carry a secret into the Compose model`,
        hint: "A secret may only go into a file: add it under files: and bind that file.",
        sourceLine,
      });
    }
    variables[name] = result.text;
  }
  return { variables, problems };
}
