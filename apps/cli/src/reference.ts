import { KeelsonError, compareText, stalled } from "@keelson/model";
import type { Revision } from "@keelson/model";

import { type NodeOptions, findAgentConfig } from "./node-options.ts";

/** Which node is meant: as said, as in agent.yaml, or the only one there is. Throws K9010 when that is not clear. */
export async function chooseNode(
  revision: Revision,
  options: Pick<NodeOptions, "environment" | "node" | "config">,
): Promise<{ environment: string; node: string }> {
  const config =
    options.environment === undefined || options.node === undefined ? findAgentConfig(options.config) : null;
  const paths = [...(await revision.readFiles(["environments/"])).keys()];
  const nodes = paths.flatMap((path) => {
    const [, environment, node] = /^environments\/([^/]+)\/nodes\/([^/.]+)\.yaml$/.exec(path) ?? [];
    return environment === undefined || node === undefined ? [] : [{ environment, node }];
  });
  const environment = options.environment ?? config?.environment;
  const node = options.node ?? config?.node;
  const candidates = nodes.filter(
    (each) =>
      (environment === undefined || each.environment === environment) &&
      (node === undefined || each.node === node),
  );
  const [first] = candidates;
  if (candidates.length === 1 && first !== undefined) return first;
  if (environment !== undefined && node !== undefined) return { environment, node }; // reading says what is missing
  const list = (candidates.length === 0 ? nodes : candidates).map(
    (each) => `-e ${each.environment} -n ${each.node}`,
  );
  throw new KeelsonError({
    code: "K9010",
    message:
      nodes.length === 0 ? "there is no node under environments/" : "it is not clear which node is meant",
    hint: `Say which: ${list.sort(compareText).slice(0, 8).join("  |  ") || "write environments/<name>/nodes/<node>.yaml first"}`,
    outcome: stalled,
  });
}
