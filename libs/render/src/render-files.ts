import { grantsFor } from "@keelson/grants";
import {
  type ComposeInput,
  type NodeDocument,
  type Problem,
  type RenderedFile,
  type RenderedInstance,
  type RenderedNode,
  type Repository,
  type SealedFile,
  compareText,
  digestValue,
  projectOf,
  settingsAsVariables,
  withoutRepeats,
} from "@keelson/model";
import type { LayeredSettings } from "@keelson/settings";

import { composeInput, unrenderedInput } from "./compose-input.ts";
import { withConcerned } from "./concerned-instance.ts";
import { type NodeReference, findNode, findUnplaced } from "./found-node.ts";
import { type UnplacedProvider, findPlaces, findUnplacedProviders, isPartial } from "./instance-place.ts";
import { layerInstances } from "./instance-settings.ts";
import { findProjectNames } from "./project-name.ts";
import { type PlacedInstance, findProvided, findProviders, placeInstances } from "./placement.ts";
import { findSharedProjects } from "./project-fault.ts";
import { type TemplateScope, renderFile } from "./rendered-file.ts";
import { findForgedSettings, renderVariables } from "./rendered-variables.ts";
import { listSealed } from "./sealed-file.ts";
import { newBudgets } from "./template-budget.ts";
import { type InstanceContext, interfacesOf, templateScope } from "./template-scope.ts";

export interface RenderResult {
  /** With the instances that Compose can resolve, whatever else is wrong with them; null when there is no such node. */
  rendered: RenderedNode | null;
  /**
   * The other instances, for the gate alone: variables and rendered files are empty, since Compose would only complain of
   * what has its problem already.
   */
  unrendered: { name: string; compose: ComposeInput }[];
  /** Layered settings by instance, with where each value came from. */
  settings: ReadonlyMap<string, LayeredSettings>;
  /** The encrypted files that the node has to open, the weakest first. */
  sealed: SealedFile[];
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
    return { ...nothing, sealed: [], problems: [found.problem] };
  }
  const { environment, node } = found;
  const placed = placeInstances(repository, { environment, node: node.value });
  const settings = layerInstances(placed, { environment, node });
  const providers = findProviders(placed);
  const provided = findProvided(repository, environment);
  const missing = findUnplaced(repository, environment);
  const places = findPlaces(repository, { environment, node: node.value });
  const unplaced = findUnplacedProviders(repository, { environment, places, placed });
  const problems = [
    ...findSharedProjects(placed, environment),
    ...placed.flatMap(({ name }) => ofInstance(name, settings.get(name)?.problems ?? [])),
  ];
  const warnings: Problem[] = [];
  const nextBudget = newBudgets(placed.length);
  const instances: RenderedInstance[] = [];
  const unrendered: RenderResult["unrendered"] = [];
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
        ...(unplaced.length === 0 ? [] : ["requires"]),
        // That no instance of the environment provides it is said by `manifest`.
        ...Object.keys(each.package.package.value.requires)
          .filter((name) => !provided.has(name))
          .map((name) => `requires.${name}`),
      ],
      budget: nextBudget(),
    };
    const result = renderInstance(each, { ...context, unplaced });
    if (hasSettings && result.hasVariables) {
      instances.push(result.instance);
      warnings.push(...findProjectNames(result.instance));
    } else unrendered.push({ name: each.name, compose: unrenderedInput(each, environment) });
    problems.push(...ofInstance(each.name, result.problems));
    warnings.push(...result.warnings);
  }
  const rendered: RenderedNode = {
    ...reference,
    lockDigest: digestValue(environment.lock?.value ?? null),
    requireDigests: environment.environment.value.policy.requireDigests ?? false,
    partial: isPartial(environment),
    places,
    instances,
    networks: environment.environment.value.networks ?? {},
  };
  return {
    rendered,
    unrendered,
    settings,
    sealed: listSealed(placed, environment),
    problems: withoutRepeats(problems),
    missing: withConcerned(missing, { repository, environment }),
    warnings,
  };
}

function ofInstance(name: string, problems: readonly Problem[]): Problem[] {
  return problems.map((problem) => ({ ...problem, instances: [name] }));
}

function renderInstance(
  placed: PlacedInstance,
  context: InstanceContext & {
    unplaced: readonly UnplacedProvider[];
  },
): { instance: RenderedInstance; hasVariables: boolean; problems: Problem[]; warnings: Problem[] } {
  const manifest = placed.package.package.value;
  const environment = context.environment.environment.value.name;
  const { project } = placed;
  const { was } = placed.instance;
  const scope = templateScope(placed, context);
  const { files, problems: fileProblems, warnings } = renderPackageFiles(placed, scope);
  const allow = grantsFor(context.environment.environment.value.policy.allow, placed.instance.package);
  const { variables, problems: variableProblems } = renderVariables(placed, { scope, allow });
  const isVariables = placed.release === null && placed.package.settingsSchema === null;
  const settings = isVariables ? settingsAsVariables(context.values) : {};
  const forged = findForgedSettings(placed, { settings, environment: context.environment.environment });
  const providers = interfacesOf(placed).flatMap(
    (name) => context.providers.get(name)?.instance ?? mayProvide(name, context.unplaced),
  );
  // Of a file that is not there `manifest` says so, and the rest of its instance can be judged all the same.
  const present = placed.package.placed.filter(({ source }) => placed.package.files.has(source));
  const made = new Map(files.map((file) => [file.to, file.content]));
  return {
    instance: {
      name: placed.name,
      isWhole: files.length === present.length,
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
      ...(placed.instance.adopt === true ? { adopt: true as const } : {}),
      ...renewalOf(placed.name, context.node),
      after: [...new Set(providers)].filter((name) => name !== placed.name).sort(compareText),
      scale: placed.instance.scale ?? {},
      data: manifest.data,
      services: manifest.services,
      update: manifest.update,
      compose: composeInput(placed, {
        environment: context.environment,
        variables: { ...variables, ...settings },
        settings: Object.keys(settings).sort(),
        // Compose must not miss what only could not be rendered.
        renderedFiles: new Map(present.map(({ to }) => [to, made.get(to) ?? new Uint8Array()])),
      }),
      files,
      ...lockOf(placed),
    },
    hasVariables:
      variableProblems.length === 0 &&
      Object.keys(variables).length === Object.keys(manifest.variables).length,
    problems: [...fileProblems, ...variableProblems, ...forged],
    warnings,
  };
}

function lockOf(placed: PlacedInstance): Pick<RenderedInstance, "imageLock"> {
  const { imageLock } = placed.release ?? placed.package;
  return imageLock === null ? {} : { imageLock: { file: imageLock.file, images: imageLock.value.images } };
}

/** Also of what is optional: whether it is there is not known. */
function mayProvide(name: string, unplaced: readonly UnplacedProvider[]): string[] {
  return unplaced.filter(({ provides }) => provides?.includes(name) !== false).map((each) => each.name);
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
