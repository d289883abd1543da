import type { Grants, NodeGrants, PermittedPath } from "@keelson/model";
import type { Place } from "@keelson/reconcile";

import { type AllowOptions, formatPlace, openAllowSource } from "../allow-source.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { printProblems } from "../print/problems.ts";

/** Lists what each side permits, whoever uses it. */
export async function allowList(options: AllowOptions, output: Output): Promise<ExitCode> {
  const { reference, askedBy, allow, placeOf } = await openAllowSource(options);
  const { policy, placeOf: grantPlace, problems } = await askedBy(reference.node);
  if (policy === undefined && problems.length > 0) {
    printProblems(output, problems);
    return exitCodes.failed;
  }
  if (output.json) {
    output.printJson({ ...reference, granted: policy ?? {}, permitted: allow });
    return exitCodes.done;
  }
  const granted = Object.entries(policy ?? {});
  output.print(
    granted.length === 0
      ? `Environment ${reference.environment} grants nothing.`
      : `Environment ${reference.environment} grants`,
  );
  for (const [of, grants] of granted)
    printSide(output, { of: `  ${of}`, grants, placeOf: (keys) => grantPlace([of, ...keys]) });
  if (allow === null) return exitCodes.done;
  const nothing = Object.keys(allow).length === 0;
  output.print(nothing ? `Node ${reference.node} permits nothing.` : `Node ${reference.node} permits`);
  if (!nothing) printSide(output, { of: "  any package", grants: allow, placeOf });
  return exitCodes.done;
}

interface Side {
  of: string;
  grants: Grants | NodeGrants | "all";
  /** Where the value that these keys lead to stands. */
  placeOf: (keys: readonly (string | number)[]) => Place | null;
}

/** A line for each entry, with its place. */
function printSide(output: Output, { of, grants, placeOf }: Side): void {
  const entries = grants === "all" ? [{ text: `${of}: all`, keys: [] }] : entriesOf(grants);
  if (grants !== "all") output.print(`${of}:`);
  const width = Math.max(0, ...entries.map(({ text }) => text.length));
  for (const { text, keys } of entries) {
    const place = placeOf(keys);
    const at = place === null ? "" : `  ${output.style("dim", formatPlace(place))}`;
    output.print(`${place === null ? text : text.padEnd(width)}${at}`);
  }
}

function entriesOf(grants: Grants | NodeGrants): { text: string; keys: (string | number)[] }[] {
  return Object.entries(grants).flatMap(
    ([kind, value]: [string, Grants[keyof Grants] | NodeGrants[keyof NodeGrants]]) => {
      if (Array.isArray(value))
        return value.map((entry, index) => ({ text: `    ${kind}: ${entry}`, keys: [kind, index] }));
      if (typeof value !== "object") return [{ text: `    ${kind}: ${String(value)}`, keys: [kind] }];
      return Object.entries(value).map(([name, permit]) => ({
        text: `    ${kind}: ${name} (${describePath(permit)})`,
        keys: [kind, name],
      }));
    },
  );
}

function describePath({ path, readOnly, nested }: PermittedPath): string {
  return [path, ...(readOnly ? ["read-only"] : []), ...(nested ? ["nested"] : [])].join(", ");
}
