import { describeAsk, findPermit, isPermitted, linesFor } from "@keelson/grants";
import type { AskedGrant, Place } from "@keelson/reconcile";

import { type AllowOptions, type AllowSource, formatPlace, openAllowSource } from "../allow-source.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { printProblems } from "../print/problems.ts";

/** What one service asks for, and who says what to it. */
interface ExplainedGrant {
  instance: string;
  package: string;
  service: string;
  kind: string;
  value: string;
  readOnly?: true;
  environment: boolean;
  /** Null on another machine than the node's. Whether a path is there, and leads where it says, only a plan knows. */
  node: boolean | null;
  lines: { environment: string; node: string | null };
  askedAt: Place;
  grantedAt: Place | null;
  /** Of agent.yaml; null where it does not permit it, and on another machine. */
  permittedAt: Place | null;
}

/** Shows what is asked for, whether environment and node permit it, and the lines that would. */
export async function allowExplain(options: AllowOptions, output: Output): Promise<ExitCode> {
  const source = await openAllowSource(options);
  const { reference, askedBy } = source;
  const { asked, problems } = await askedBy(reference.node);
  const explained = asked.map((each) => explainGrant(each, source));
  if (output.json) output.printJson({ ...reference, asked: explained, problems });
  else {
    printExplained(output, { asked, explained });
    if (problems.length > 0) printProblems(output, problems);
  }
  return problems.length > 0 ? exitCodes.failed : exitCodes.done;
}

function explainGrant(
  { instance, package: of, ask, isGranted, askedAt, grantedAt }: AskedGrant,
  { allow, placeOf }: Pick<AllowSource, "allow" | "placeOf">,
): ExplainedGrant {
  const permit = allow === null ? null : findPermit(allow, ask);
  const { service, kind, value, readOnly } = ask;
  return {
    instance,
    package: of,
    service,
    kind,
    value,
    ...(readOnly === true ? { readOnly } : {}),
    environment: isGranted,
    node: allow === null ? null : isPermitted(ask, allow),
    lines: linesFor(ask, of),
    askedAt,
    grantedAt,
    permittedAt: permit === null ? null : placeOf(permit),
  };
}

function printExplained(
  output: Output,
  { asked, explained }: { asked: readonly AskedGrant[]; explained: readonly ExplainedGrant[] },
): void {
  if (explained.length === 0) return output.print("Nothing here needs a grant.");
  const owners = explained.map(({ instance, service }) =>
    service === "" ? instance : `${instance}/${service}`,
  );
  const width = Math.max(...owners.map(({ length }) => length));
  for (const [index, grant] of explained.entries()) {
    const { environment, node, lines } = grant;
    const ask = asked[index]?.ask;
    const said = ask === undefined ? "" : describeAsk(ask);
    output.print(
      `${(owners[index] ?? "").padEnd(width)}  ${said}  ${verdict(output, { environment, node })}`,
    );
    for (const line of placesOf(grant)) output.print(output.style("dim", line));
    if (!environment) output.print(output.style("dim", `  environment.yaml  ${lines.environment}`));
    if (node !== true && lines.node !== null)
      output.print(output.style("dim", `  agent.yaml        ${lines.node}`));
  }
}

/** Who asks, and where each side says yes. */
function placesOf({ askedAt, grantedAt, permittedAt }: ExplainedGrant): string[] {
  return [
    `  asked by          ${formatPlace(askedAt)}`,
    ...(grantedAt === null ? [] : [`  granted by        ${formatPlace(grantedAt)}`]),
    ...(permittedAt === null ? [] : [`  permitted by      ${formatPlace(permittedAt)}`]),
  ];
}

function verdict(
  { style }: Output,
  { environment, node }: Pick<ExplainedGrant, "environment" | "node">,
): string {
  if (!environment) return style("red", "not granted by the environment");
  if (node === null) return style("yellow", "granted; the node is not asked here");
  return node ? style("green", "granted and permitted") : style("red", "granted, not permitted by the node");
}
