import { type Reached, findReached, isGranted, linesFor } from "@keelson/grants";
import { type ComposeInput, type Json } from "@keelson/model";

import type { Finding } from "./compose-document.ts";
import { gateRules } from "./gate-rules.ts";
import { type RuleContext, findRefusals } from "./rule.ts";

export interface Judged extends Pick<ComposeInput, "allow"> {
  context: RuleContext;
  /** Of the package, for the lines that would permit what is refused. */
  reference: string;
}

/** Everything that is refused in a document: what nothing can permit, and what the environment does not grant. */
export function findFaults(root: Json, { context, allow, reference }: Judged): Finding[] {
  const refused = findRefusals(gateRules, { root, context });
  const places = new Set(refused.map(({ path }) => JSON.stringify(path)));
  const ungranted = findReached(root, context).filter(
    ({ ask, path }) => !isGranted(ask, allow) && !places.has(JSON.stringify(path)),
  );
  return [...refused, ...ungranted.map((reached) => findingOf(reached, reference))];
}

function findingOf({ ask, code, path, message }: Reached, reference: string): Finding {
  const { environment, node } = linesFor(ask, reference);
  const sides = node === null ? "" : `, and in agent.yaml of its nodes: ${node}`;
  const refusal = `${message}, and the environment does not grant that`;
  return {
    code,
    path,
    message: refusal,
    hint: `To permit it, write in environment.yaml: ${environment}${sides}`,
  };
}
