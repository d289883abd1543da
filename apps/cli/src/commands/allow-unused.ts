import { type UnusedGrant, type UnusedPermit, findUnused, findUnusedPermits } from "@keelson/grants";
import { withoutRepeats } from "@keelson/model";

import { type AllowOptions, openAllowSource } from "../allow-source.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { count, printProblems } from "../print/problems.ts";

/** Lists what nobody uses: of the environment by what all its nodes ask for, of agent.yaml by what this node does. */
export async function allowUnused(options: AllowOptions, output: Output): Promise<ExitCode> {
  const { reference, askedBy, allow } = await openAllowSource(options);
  const own = await askedBy(reference.node);
  const others = await Promise.all(
    own.nodes.filter((node) => node !== reference.node).map(async (node) => askedBy(node)),
  );
  // What could not be read may use any of them.
  const problems = withoutRepeats([own, ...others].flatMap((each) => each.problems));
  if (problems.length > 0) {
    printProblems(output, problems);
    return exitCodes.failed;
  }
  const asked = [own, ...others].flatMap((each) => each.asked);
  const byPackage = Map.groupBy(asked, (each) => each.package);
  const asks = new Map([...byPackage].map(([of, all]) => [of, all.map(({ ask }) => ask)]));
  const granted = findUnused(own.policy, asks);
  const permitted = findUnusedPermits(
    allow ?? undefined,
    own.asked.map(({ ask }) => ask),
  );
  if (output.json)
    output.printJson({
      ...reference,
      granted: granted.map(({ key, kind, value }) => ({ package: key, kind: kind ?? "all", value })),
      permitted,
    });
  else printUnused(output, { granted, permitted });
  return exitCodes.done;
}

function printUnused(
  output: Output,
  { granted, permitted }: { granted: readonly UnusedGrant[]; permitted: readonly UnusedPermit[] },
): void {
  for (const { key, kind, value } of granted)
    output.print(`environment.yaml  policy.allow  ${key}  ${kind ?? "all"} ${value ?? ""}`.trimEnd());
  for (const { kind, value } of permitted) output.print(`agent.yaml  allow  ${kind} ${value}`);
  const number = granted.length + permitted.length;
  output.print(number === 0 ? "Every grant is used." : `${count(number, "grant")} that nothing uses.`);
}
