import {
  type ComposeInput,
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
  keyPath,
  problemAt,
  projectOf,
} from "@keelson/model";
import { type LayeredSettings, type SettingsLayer, layerSettings } from "@keelson/settings";

import { composeInput, unrenderedInput } from "./compose-input.ts";
import { type NodeReference, findNode, findUnplaced } from "./found-node.ts";
import { type PlacedInstance, findProvided, findProviders, placeInstances } from "./placement.ts";
import { type TemplateScope, renderFile } from "./rendered-file.ts";
import { newBudgets } from "./template-budget.ts";
import { type InstanceContext, interfacesOf, templateScope } from "./template-scope.ts";
import { renderTemplate } from "./template.ts";

export interface RenderResult {
  /** With the instances that have no problem, and whole only where none has any; null when there is no such node. */
  rendered: RenderedNode | null;
  /**
   * Of the other instances, for the gate alone: variables and rendered files are empty, since Compose would only complain of
   * what has its problem already.
   */
  unrendered: ComposeInput[];
  /** Layered settings by release, with where each value came from. */
  settings: ReadonlyMap<string, LayeredSettings>;
  problems: Problem[];
  /** What is not there because its document cannot be used: a problem only where no other one says why. */
  missing: Problem[];
  /** What will hardly be meant, and stops nothing. */
  warnings: Problem[];
}

/** Files and Compose inputs of every instance of a node, secrets as placeholders. Never throws on bad documents. */
export function renderFiles(repository: Repository, reference: NodeReference): RenderResult {
  const found = findNode(repository, reference);
  if (found.problem !== null) {
    const nothing = { rendered: null, unrendered: [], settings: new Map(), missing: [], warnings: [] };
    return { ...nothing, problems: [found.problem] };
  }
  const { environment, node } = found;
  const placed = placeInstances(repository, { environment, node: node.value });
  const settings = layerByRelease(placed, { environment, node });
  const providers = findProviders(placed);
  const provided = findProvided(repository, environment);
  const missing = findUnplaced(repository, environment);
  const problems = [...settings.values()].flatMap((layered) => layered.problems);
  const warnings: Problem[] = [];
  const nextBudget = newBudgets(placed.length);
  const instances: RenderedInstance[] = [];
  const unrendered: ComposeInput[] = [];
  for (const each of placed) {
    const layered = settings.get(each.release.release.value.name);
    const hasSettings = layered !== undefined && layered.problems.length === 0;
    const context = {
      environment,
      node: node.value,
      values: layered?.values ?? {},
      providers,
      incomplete: [
        ...(hasSettings ? [] : ["settings"]),
        ...(missing.length === 0 ? [] : ["requires"]),
        // That no instance of the environment provides it is said by `manifest`.
        ...Object.keys(each.package.package.value.requires)
          .filter((name) => !provided.has(name))
          .map((name) => `requires.${name}`),
      ],
      budget: nextBudget(),
    };
    const result = renderInstance(each, context);
    const isRendered = hasSettings && result.isComplete && result.problems.length === 0;
    if (isRendered) instances.push(result.instance);
    else unrendered.push(unrenderedInput(each, environment));
    problems.push(...result.problems);
    warnings.push(...result.warnings);
  }
  const rendered: RenderedNode = {
    ...reference,
    lockDigest: digestValue(environment.lock?.value ?? null),
    requireDigests: environment.environment.value.policy.requireDigests ?? false,
    isWhole: problems.length + missing.length + unrendered.length === 0,
    instances,
  };
  return { rendered, unrendered, settings, problems, missing, warnings };
}

function layerByRelease(
  placed: readonly PlacedInstance[],
  { environment, node }: { environment: EnvironmentFolder; node: Located<NodeDocument> },
): Map<string, LayeredSettings> {
  const releases = new Map(placed.map(({ release }) => [release.release.value.name, release]));
  const layered = new Map<string, LayeredSettings>();
  for (const [name, release] of releases) {
    const layers: SettingsLayer[] = [
      ...environment.layers.map((located) => ({ kind: "environment" as const, located })),
      { kind: "node" as const, located: node },
    ].map(({ kind, located }) => ({
      kind,
      name: located.value.name,
      located,
      path: keyPath(["settings", name]),
      values: (located.value.settings[name] ?? {}) satisfies JsonObject,
    }));
    layered.set(name, layerSettings({ release: name, schema: release.settingsSchema, layers }));
  }
  return layered;
}

function renderInstance(
  placed: PlacedInstance,
  context: InstanceContext,
): { instance: RenderedInstance; isComplete: boolean; problems: Problem[]; warnings: Problem[] } {
  const manifest = placed.package.package.value;
  const environment = context.environment.environment.value.name;
  const project = projectOf(environment, placed.name);
  const scope = templateScope(placed, context);
  const { files, problems: fileProblems, warnings } = renderPackageFiles(placed, scope);
  const { variables, problems: variableProblems } = renderVariables(placed, scope);
  const providers = interfacesOf(placed).flatMap((name) => context.providers.get(name)?.instance ?? []);
  return {
    instance: {
      name: placed.name,
      project,
      volumeProject: projectOf(environment, placed.instance.was ?? placed.name),
      package: {
        reference: placed.instance.package,
        releaseVersion: placed.release.release.value.version,
        version: manifest.version,
        folder: placed.package.folder,
      },
      state: placed.instance.state,
      ...(placed.instance.adopt === true ? { adopt: true as const } : {}),
      ...renewalOf(placed.name, context.node),
      after: [...new Set(providers)].filter((name) => name !== placed.name).sort(compareText),
      scale: placed.instance.scale ?? {},
      data: manifest.data,
      services: manifest.services,
      update: manifest.update,
      compose: composeInput(placed, {
        environment: context.environment,
        variables,
        renderedFiles: new Map(files.map((file) => [file.to, file.content])),
      }),
      files,
    },
    // Of a file that is not there `manifest` says so, and the rest of its instance can be judged all the same.
    isComplete:
      files.length ===
        placed.package.placed.filter(({ source }) => placed.package.files.has(source)).length &&
      Object.keys(variables).length === Object.keys(manifest.variables).length,
    problems: [...fileProblems, ...variableProblems],
    warnings,
  };
}

/** Absent where nobody ever said anything, so that it does not count. */
function renewalOf(instance: string, { commands }: NodeDocument): Pick<RenderedInstance, "renew"> {
  const { renew = 0 } = (Object.hasOwn(commands, instance) ? commands[instance] : undefined) ?? {};
  return renew === 0 ? {} : { renew };
}

function renderPackageFiles(
  placed: PlacedInstance,
  scope: TemplateScope,
): { files: RenderedFile[]; problems: Problem[]; warnings: Problem[] } {
  const results = placed.package.placed.map((file) => renderFile(placed.package, { placed: file, scope }));
  return {
    files: results.flatMap((result) => (result.file === null ? [] : [result.file])),
    problems: results.flatMap((result) => result.problems),
    warnings: results.flatMap((result) => result.warnings),
  };
}

function renderVariables(
  placed: PlacedInstance,
  scope: TemplateScope,
): { variables: Record<string, string>; problems: Problem[] } {
  const document = placed.package.package;
  const variables: Record<string, string> = {};
  const problems: Problem[] = [];
  for (const [name, text] of Object.entries(document.value.variables)) {
    const path = keyPath(["variables", name]);
    const at = { ...document.positionOf(path, "value"), path };
    const result = renderTemplate({ text, file: document.file, at, ...scope });
    const sourceLine = document.lineText(at.line);
    problems.push(...result.problems.map((problem) => ({ ...problem, sourceLine })));
    if (result.text === null) continue;
    variables[name] = result.text;
    if (result.secrets.length === 0) continue;
    const message = `variable ${name} would carry the secret ${result.secrets[0]} into the Compose model`;
    const hint = "A secret may only go into a file: add it under files: and bind that file.";
    problems.push(problemAt(document, { code: "K1304", path, message, hint, part: "value" }));
  }
  return { variables, problems };
}
