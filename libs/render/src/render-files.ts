import { grantsFor } from "@keelson/grants";
import {
  type ComposeInput,
  type Grants,
  type JsonObject,
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
  withoutRepeats,
} from "@keelson/model";
import type { LayeredSettings } from "@keelson/settings";

import { composeInput, unrenderedInput } from "./compose-input.ts";
import { type NodeReference, findNode, findUnplaced } from "./found-node.ts";
import { layerInstances } from "./instance-settings.ts";
import { findProjectNames } from "./project-name.ts";
import { type PlacedInstance, findProvided, findProviders, placeInstances } from "./placement.ts";
import { findSharedProjects } from "./project-fault.ts";
import { type TemplateScope, renderFile } from "./rendered-file.ts";
import { findUngrantedNames, pathScope } from "./path-scope.ts";
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
  /** Layered settings by instance, with where each value came from. */
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
  const settings = layerInstances(placed, { environment, node });
  const providers = findProviders(placed);
  const provided = findProvided(repository, environment);
  const missing = findUnplaced(repository, environment);
  const problems = withoutRepeats([
    ...findSharedProjects(placed, environment),
    ...[...settings.values()].flatMap((layered) => layered.problems),
  ]);
  const warnings: Problem[] = [];
  const nextBudget = newBudgets(placed.length);
  const instances: RenderedInstance[] = [];
  const unrendered: ComposeInput[] = [];
  for (const each of placed) {
    const layered = settings.get(each.name);
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
    if (isRendered) {
      instances.push(result.instance);
      warnings.push(...findProjectNames(result.instance));
    }
    if (!isRendered) unrendered.push(unrenderedInput(each, environment));
    problems.push(...result.problems);
    warnings.push(...result.warnings);
  }
  const rendered: RenderedNode = {
    ...reference,
    lockDigest: digestValue(environment.lock?.value ?? null),
    requireDigests: environment.environment.value.policy.requireDigests ?? false,
    isWhole: problems.length + missing.length + unrendered.length === 0,
    instances,
    networks: environment.environment.value.networks ?? {},
  };
  return { rendered, unrendered, settings, problems, missing, warnings };
}

function renderInstance(
  placed: PlacedInstance,
  context: InstanceContext,
): { instance: RenderedInstance; isComplete: boolean; problems: Problem[]; warnings: Problem[] } {
  const manifest = placed.package.package.value;
  const environment = context.environment.environment.value.name;
  const { project } = placed;
  const { was } = placed.instance;
  const scope = templateScope(placed, context);
  const { files, problems: fileProblems, warnings } = renderPackageFiles(placed, scope);
  const allow = grantsFor(context.environment.environment.value.policy.allow, placed.instance.package);
  const { variables, problems: variableProblems } = renderVariables(placed, { scope, allow });
  const settings = placed.release === null ? settingsAsVariables(context.values) : {};
  const providers = interfacesOf(placed).flatMap((name) => context.providers.get(name)?.instance ?? []);
  return {
    instance: {
      name: placed.name,
      project,
      volumeProject: was === undefined ? project : projectOf(environment, was),
      ...(was === undefined ? {} : { was }),
      package: {
        reference: placed.instance.package,
        ...(placed.release === null ? {} : { releaseVersion: placed.release.release.value.version }),
        version: manifest.version,
        folder: placed.package.folder,
      },
      state: placed.instance.state,
      ...renewalOf(placed.name, context.node),
      after: [...new Set(providers)].filter((name) => name !== placed.name).sort(compareText),
      scale: placed.instance.scale ?? {},
      data: manifest.data,
      services: manifest.services,
      update: manifest.update,
      compose: composeInput(placed, {
        environment: context.environment,
        variables: { ...variables, ...settings },
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

/** Of a local package: each is a variable of its Compose file. */
function settingsAsVariables(values: JsonObject): Record<string, string> {
  const plain = Object.entries(values).flatMap(([name, value]) =>
    typeof value === "object" ? [] : [[name, String(value)] as const],
  );
  return Object.fromEntries(plain);
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
  { scope, allow }: { scope: TemplateScope; allow: Grants | "all" },
): { variables: Record<string, string>; problems: Problem[] } {
  const document = placed.package.package;
  const variables: Record<string, string> = {};
  const problems: Problem[] = [];
  for (const [name, text] of Object.entries(document.value.variables)) {
    const path = keyPath(["variables", name]);
    const at = { ...document.positionOf(path, "value"), path };
    const ungranted = findUngrantedNames({ name, text }, { allow, reference: placed.instance.package });
    problems.push(...ungranted.map((finding) => problemAt(document, finding)));
    const seen = { ...scope.context, paths: pathScope(text) };
    const result = renderTemplate({ text, file: document.file, at, ...scope, context: seen });
    const sourceLine = document.lineText(at.line);
    problems.push(...result.problems.map((problem) => ({ ...problem, sourceLine })));
    if (result.text === null) continue;
    variables[name] = result.text;
  }
  return { variables, problems };
}
