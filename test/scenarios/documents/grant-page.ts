import { parse } from "yaml";

import { Environment, NodeGrants } from "../../../libs/model/src/index.ts";
import type { Block } from "../../documents/markdown.ts";

/** One of the services on the page of grants. */
export interface PageService {
  name: string;
  compose: string;
  packageFile: string | null;
  policy: Environment["policy"];
  node: NodeGrants;
}

/** Each Compose file of the page with the blocks that follow it, in which `change` may put what a machine has. */
export function readServices(
  blocks: readonly Block[],
  change: (text: string) => string = (text) => text,
): PageService[] {
  return blocks
    .filter(({ attributes }) => "compose" in attributes)
    .map((compose) => {
      const at = blocks.indexOf(compose);
      const next = blocks.findIndex(({ attributes }, index) => index > at && "compose" in attributes);
      const own = blocks.slice(at, next < 0 ? blocks.length : next);
      const textOf = (kind: string) => {
        const text = own.find(({ attributes }) => kind in attributes)?.text;
        return text === undefined ? null : change(text);
      };
      return {
        name: compose.attributes["compose"] ?? "",
        compose: change(compose.text),
        packageFile: textOf("package"),
        policy: Environment.shape.policy.parse(parse(textOf("environment") ?? "").policy),
        node: NodeGrants.parse(parse(textOf("agent") ?? "").allow),
      };
    });
}
