import { type Grants, type Problem, keyPath, problemAt } from "@keelson/model";

import { findUngrantedNames, pathScope } from "./path-scope.ts";
import type { PlacedInstance } from "./placement.ts";
import type { TemplateScope } from "./rendered-file.ts";
import type { InstanceContext } from "./template-scope.ts";
import { holdsPlaceholder, renderTemplate } from "./template.ts";

/** What the variables of package.yaml are for an instance; one whose template fails is left out. */
export function renderVariables(
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

/** K1309: a setting that is a variable has no secret in it, and none can be forged. */
export function findForgedSettings(
  { name: instance }: PlacedInstance,
  {
    settings,
    environment,
  }: { settings: Record<string, string>; environment: InstanceContext["environment"]["environment"] },
): Problem[] {
  return Object.entries(settings)
    .filter(([, value]) => holdsPlaceholder(value))
    .map(([name]) =>
      problemAt(environment, {
        code: "K1309",
        path: keyPath(["instances", instance, "settings", name]),
        message: `the setting ${name} contains the placeholder of a secret`,
        hint: "Write {{ secrets.<name> }} in a variable of package.yaml instead.",
      }),
    );
}
