import type { Grants, NodeGrants, PermittedPath } from "@keelson/model";

import { type AllowOptions, openAllowSource } from "../allow-source.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { printProblems } from "../print/problems.ts";

/** Lists what each side permits, whoever uses it. */
export async function allowList(options: AllowOptions, output: Output): Promise<ExitCode> {
  const { reference, askedBy, allow } = await openAllowSource(options);
  const { policy, problems } = await askedBy(reference.node);
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
  for (const [of, grants] of granted) printSide(output, { of: `  ${of}`, grants });
  if (allow === null) return exitCodes.done;
  const nothing = Object.keys(allow).length === 0;
  output.print(nothing ? `Node ${reference.node} permits nothing.` : `Node ${reference.node} permits`);
  if (!nothing) printSide(output, { of: "  any package", grants: allow });
  return exitCodes.done;
}

function printSide(
  output: Output,
  { of, grants }: { of: string; grants: Grants | NodeGrants | "all" },
): void {
  if (grants === "all") return output.print(`${of}: all`);
  output.print(`${of}:`);
  for (const [kind, value] of Object.entries(grants)) output.print(`    ${kind}: ${describeEntries(value)}`);
}

function describeEntries(value: Grants[keyof Grants] | NodeGrants[keyof NodeGrants]): string {
  if (Array.isArray(value)) return value.join(", ");
  if (typeof value !== "object") return String(value);
  return Object.entries(value)
    .map(([name, permit]) => `${name} (${describePath(permit)})`)
    .join(", ");
}

function describePath({ path, readOnly, nested }: PermittedPath): string {
  return [path, ...(readOnly ? ["read-only"] : []), ...(nested ? ["nested"] : [])].join(", ");
}
