import { InvariantError, digestValue } from "@keelson/model";
import type { DesiredMount, PlaceFiles } from "@keelson/model";

import { placeData } from "./data-layout.ts";
import { buildTree } from "./file-tree.ts";
import type { FileTree } from "./file-tree.ts";
import type { Folder } from "./folder.ts";
import { newPace } from "./pace.ts";
import { placePlain } from "./plain-layout.ts";
import { prepareStaging } from "./staging.ts";
import { insistOn, removalMs, whileWriting } from "./store-error.ts";
import { areaPartsOf, makeInArea, makeInstance } from "./store-path.ts";

export interface StoreContext {
  /** Absolute. */
  stateDir: string;
  /** A content with its secrets filled in. */
  fillSecrets: (content: Uint8Array) => Uint8Array;
}

/**
 * Puts exactly the files of a mount in place; a file that is right already is not touched. But for seeds, they win against a program that
 * writes there: folders in the way are set aside at once, and other files are removed as far as the time allows. Where
 * programs may write, other files are theirs and stay. Throws K4001 (disk full), K4002 (read-only), K4003 (I/O), K4004 (not permitted), K4005 (owner needs root),
 * K4006 (path refused), K4008 (huge file), K4023 (exchanged again and again), and what `fillSecrets` throws; then no
 * file of the mount has changed, unless the disk failed while renaming.
 */
export async function placeFiles(context: StoreContext, operation: PlaceFiles): Promise<void> {
  const { instance, mount } = operation;
  await whileWriting(`place the files of ${mount.source} of instance ${instance}`, async () => {
    areaPartsOf(mount.target);
    const tree = treeOf(mount, context);
    using folder = makeInstance(context.stateDir, instance);
    await insistOn(`${folder.path}/${mount.target}`, async () => placeMount(folder, { mount, tree }));
  });
}

async function placeMount(
  instance: Folder,
  { mount, tree }: { mount: DesiredMount; tree: FileTree },
): Promise<void> {
  const parts = areaPartsOf(mount.target);
  const pace = newPace(removalMs);
  await using staging = await prepareStaging(instance, mount.target);
  if (mount.kind === "file") {
    using parent = makeInArea(instance, parts.slice(0, -1));
    await placePlain(parent, { tree, staging, removesOthers: false, pace });
    return;
  }
  using bound = makeInArea(instance, parts);
  const removesOthers = !mount.writable;
  if (mount.layout === "data")
    await placeData(bound, { tree, staging, digest: digestOf(mount), removesOthers, pace });
  else await placePlain(bound, { tree, staging, removesOthers, pace });
}

/** The tree below the bound folder, or the one file in the folder that holds it. */
function treeOf(mount: DesiredMount, { fillSecrets }: StoreContext): FileTree {
  if (mount.kind === "file" && (mount.files.length !== 1 || mount.layout === "data")) {
    throw new InvariantError(`the mount of the file ${mount.source} must have one file and another layout`);
  }
  return buildTree(
    mount.files.map((file) => ({
      path: mount.kind === "file" ? (areaPartsOf(mount.target).at(-1) ?? "") : file.path,
      bytes: file.secrets.length === 0 ? file.content : fillSecrets(file.content),
      mode: file.mode,
      owner: file.owner,
      isSeed: file.onChange === "seed",
    })),
  );
}

/** Made of the files' digests, which are keyed where a secret is inside, so that the name reveals nothing of it. */
function digestOf(mount: DesiredMount): string {
  return digestValue(mount.files.map(({ path, digest }) => [path, digest]));
}
