import { describeAsk } from "@keelson/grants";
import { type GrantStatus, Grants } from "@keelson/model";

import type { Paint } from "./paint.ts";
import { escapeText } from "./visible-text.ts";

/** A grant of a plan, or of a status, which may be of a newer version. */
export interface ShownGrant extends Omit<GrantStatus, "root"> {
  instance: string;
  isNew?: boolean;
  isRoot: boolean;
}

const kinds = Grants.keyof().options;

/** A line for each grant, in their order: whether it is new, who has it, what it is, and whether that is as good as root. */
export function formatGrants(
  grants: readonly ShownGrant[],
  paint: Paint = (_format, text) => text,
): string[] {
  const owners = grants.map(({ instance, service }) =>
    escapeText(service === "" ? instance : `${instance}/${service}`),
  );
  const width = Math.max(0, ...owners.map(({ length }) => length));
  const hasNews = grants.some(({ isNew }) => isNew === true);
  return grants.map((grant, index) => {
    const news = hasNews ? `${grant.isNew === true ? paint("yellow", "new") : "   "}  ` : "";
    const owner = (owners[index] ?? "").padEnd(width);
    const root = grant.isRoot ? `  ${paint("red", "root-equivalent")}` : "";
    return `${news}${owner}  ${escapeText(describe(grant))}${root}`;
  });
}

function describe({ readOnly = false, ...grant }: ShownGrant): string {
  const kind = kinds.find((each) => each === grant.kind);
  return kind === undefined ? `${grant.kind} ${grant.value}` : describeAsk({ ...grant, kind, readOnly });
}
