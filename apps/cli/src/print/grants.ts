import type { Status } from "@keelson/model";
import { type ShownGrant, formatGrants } from "@keelson/report";

import type { Output } from "../output.ts";

/** What a status says that containers have of the host. */
export function listStatusGrants({ instances }: Status): ShownGrant[] {
  return instances.flatMap(({ name, grants = [] }) =>
    grants.map(({ root = false, ...grant }) => ({ ...grant, instance: name, isRoot: root })),
  );
}

export function printGrants(output: Output, grants: readonly ShownGrant[]): void {
  if (grants.length === 0) return output.print("Nothing reaches the host.");
  output.print("Reaches the host:");
  for (const line of formatGrants(grants, output.style)) output.print(`  ${line}`);
}
