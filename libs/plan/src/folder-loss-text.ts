import type { BlockedChange, KnownFolder } from "@keelson/model";

import { type FolderState, resourceOf } from "./folder-state.ts";
import type { LeftFolder } from "./left-folder.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { renewal } from "./volume-loss-text.ts";

/** K3032, of a folder by itself. */
export function lostFolder(state: FolderState, { desired }: SimulatedNode): BlockedChange {
  const { instance, found } = state;
  const isEmpty = found?.state === "empty";
  return {
    resource: resourceOf(state),
    code: "K3032",
    message: `data folder ${found?.path} is ${isEmpty ? "empty" : "gone"}, and this node knows that it had data${isEmpty ? "" : "; no empty one is made in its place"}`,
    hint: `Find out where it went, and have a copy of its data at hand. To begin with an empty one: ${renewal({ instance, desired })}`,
    outcome: "stalled",
  };
}

/** K3032, of the place where all data folders lie. */
export function unmountedFolder(state: FolderState, { desired, observed }: SimulatedNode): BlockedChange {
  const { instance, found } = state;
  const place = observed.dataDir?.path ?? "";
  const isEmpty = found?.state === "empty";
  return {
    resource: resourceOf(state),
    code: "K3032",
    message: `${place} is not the folder in which this node had its data: Keelson's mark is not in it, and ${found?.path} is ${isEmpty ? "empty" : "not there"}`,
    hint: `Mount the disk that holds it, or correct dataDir in agent.yaml. To begin with an empty folder there: ${renewal({ instance, desired })}`,
    outcome: "stalled",
  };
}

/** K3032, of the place that agent.yaml names for an instance. */
export function barePlace(
  state: FolderState,
  { node: { desired }, place }: { node: SimulatedNode; place: string },
): BlockedChange {
  const { instance, found } = state;
  return {
    resource: resourceOf(state),
    code: "K3032",
    message: `nothing is left in ${place} of the data that this node had there, and ${found?.path} is ${found?.state === "empty" ? "empty" : "not there"}`,
    hint: `Mount the disk that holds it, or correct dataFolders in agent.yaml. To begin with an empty folder there: ${renewal({ instance, desired })}`,
    outcome: "stalled",
  };
}

/** K3033 */
export function emptyFolder(
  { instance, state, left }: LeftFolder,
  { desired }: SimulatedNode,
): BlockedChange {
  const { source } = state.folder;
  const names = left.map(([path]) => path).join(" and ");
  const ways = left.map(([path, known]) => wayBack(path, { state, known })).join(", or ");
  return {
    resource: resourceOf(state),
    code: "K3033",
    message: `data folder ${source} of ${instance.name} would be new and empty, while ${names}, with data, ${left.length === 1 ? "is" : "are"} left behind`,
    hint: `To keep the data: ${ways}. To begin with an empty one: ${renewal({ instance, desired })}`,
    outcome: "stalled",
  };
}

function wayBack(path: string, { state, known }: { state: FolderState; known: KnownFolder }): string {
  const { instance, folder, found } = state;
  if (known.instance !== instance.name) {
    const place = folder.source === "." ? path : path.slice(0, -folder.source.length - 1);
    const atPlace =
      known.source === folder.source
        ? `, or \`dataFolders: { ${instance.name}: ${place} }\` in agent.yaml`
        : "";
    return `\`was: ${known.instance}\` under instances.${instance.name} in environment.yaml${atPlace}`;
  }
  if (known.source !== folder.source) return `bind ./${known.source} as before`;
  return `correct dataDir or dataFolders in agent.yaml, or mv ${path} ${found?.path ?? ""}`;
}
