import type { EnvironmentFolder, JsonObject, NodeDocument } from "@keelson/model";

import type { PlacedInstance, Provider } from "./placement.ts";
import type { TemplateScope } from "./rendered-file.ts";
import { namesOfSecrets } from "./sealed-file.ts";
import type { TemplateBudget } from "./template-budget.ts";

export interface InstanceContext {
  environment: EnvironmentFolder;
  node: NodeDocument;
  /** Layered settings of the instance. */
  values: JsonObject;
  /** Who provides each interface on this node. */
  providers: ReadonlyMap<string, Provider>;
  /** As for a template: what has its problem already. */
  incomplete: readonly string[];
  budget: TemplateBudget;
}

/** What the templates of an instance see; docs/spec/package.md lists it. */
export function templateScope(placed: PlacedInstance, context: InstanceContext): TemplateScope {
  const release = placed.release?.release.value;
  const environment = context.environment.environment.value.name;
  const requires = interfacesOf(placed).flatMap((name) => {
    const provider = context.providers.get(name);
    if (provider === undefined) return [];
    return [[name, { ...provider }] as const];
  });
  return {
    context: {
      settings: context.values,
      environment: { name: environment },
      node: { name: context.node.name, roles: context.node.roles },
      instance: { name: placed.name },
      ...(release === undefined ? {} : { release: { name: release.name, version: release.version } }),
      requires: Object.fromEntries(requires),
    },
    incomplete: context.incomplete,
    budget: context.budget,
    secrets: Object.fromEntries(namesOfSecrets(placed, context.environment)),
  };
}

/** Interfaces that a package requires, or uses when they are there. */
export function interfacesOf(placed: PlacedInstance): string[] {
  const { requires, optional } = placed.package.package.value;
  return [...Object.keys(requires), ...Object.keys(optional)];
}
