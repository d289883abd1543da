import { isRootEquivalent } from "@keelson/grants";
import { type HostPath, KeelsonError, type NodeGrants } from "@keelson/model";
import { resolvePaths } from "@keelson/store";

import { withoutConfig } from "./config-checks.ts";
import type { ExaminedNode } from "./examined-node.ts";
import { type Verdict, ok, skipped, warning } from "./verdict.ts";

export async function examineAllowed({ config }: ExaminedNode): Promise<Verdict> {
  if (config instanceof KeelsonError) return skipped(withoutConfig);
  const { allow = {} } = config;
  const permits = allow === "all" ? [] : Object.values(allow.paths ?? {});
  return judgeAllowed(allow, await resolvePaths(permits.map(({ path }) => path)));
}

const lessHint =
  "Permit what packages need, and no more: keelson allow explain and keelson allow unused list it.";

/** What agent.yaml permits of the host: what makes a container as good as root is named, and what is not there. */
export function judgeAllowed(allow: NodeGrants | "all", paths: Readonly<Record<string, HostPath>>): Verdict {
  if (allow === "all")
    return warning("allow: all: whoever can write to the repository is root on this node", lessHint);
  const roots = listRoots(allow);
  const absent = Object.entries(paths).flatMap(([path, { real, fault }]) => {
    if (fault !== "") return [`${path} cannot be seen: ${fault}`];
    return real === null ? [`${path} is permitted and not there`] : [];
  });
  const found = [
    ...(roots.length === 0 ? [] : [`root on this node, with ${roots.join(", ")}`]),
    ...absent,
  ].join("\n");
  if (absent.length > 0) return warning(found, "Make or mount the path, or take it from `allow.paths`.");
  if (roots.length > 0) return warning(found, lessHint);
  const kinds = Object.keys(allow);
  return ok(kinds.length === 0 ? "nothing of the host is permitted" : `permits ${kinds.join(", ")}`);
}

/** As agent.yaml says it. */
function listRoots(allow: NodeGrants): string[] {
  const { engineSocket, privileged, nested, namespaces = [], capabilities = [], paths = {} } = allow;
  const isRoot = (kind: "namespaces" | "capabilities") => (value: string) =>
    isRootEquivalent({ kind, value });
  return [
    ...(engineSocket === true ? ["engineSocket: true"] : []),
    ...(privileged === true ? ["privileged: true"] : []),
    ...namespaces.filter(isRoot("namespaces")).map((value) => `namespace ${value}`),
    ...capabilities.filter(isRoot("capabilities")).map((value) => `capability ${value}`),
    ...(nested === true ? ["nested: true"] : []),
    ...Object.entries(paths).flatMap(([name, permit]) =>
      permit.nested ? [`nested: true of path ${name}`] : [],
    ),
  ];
}
