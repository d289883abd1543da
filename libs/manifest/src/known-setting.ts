import {
  type Instance,
  type NodeDocument,
  canonicalText,
  folderOfReference,
  isLocalReference,
  settingsAsVariables,
} from "@keelson/model";

export type Variables = Readonly<Record<string, string>>;

/** What environments and nodes say of instances, whatever is wrong elsewhere in them. */
export interface Settled {
  instances: readonly (readonly [name: string, instance: Instance])[];
  nodes: readonly NodeDocument[];
}

/** As many sets of settings as are tried for the files that one package names; people's have two or three. */
const mostSets = 64;

/**
 * The variables that settings give the instances of a folder, each set once. They are known before the folder is read, and a path
 * may have them.
 */
export function findKnownSettings({ instances, nodes }: Settled): (folder: string) => Variables[] {
  const local = instances.filter(([, instance]) => isLocalReference(instance.package));
  const onNodes = nodes.flatMap((node) => Object.entries(node.instances ?? {}));
  return (folder) => {
    const own = local.filter(([, instance]) => folderOfReference(instance.package) === folder);
    const found = folder.slice(folder.lastIndexOf("/") + 1);
    const given = [
      ...own.map(([name, { settings = {} }]) => ({ name, settings })),
      { name: found, settings: {} },
    ];
    const sets = given.flatMap(({ name, settings }) => [
      settingsAsVariables(settings),
      ...onNodes.flatMap(([of, special]) =>
        of === name
          ? [{ ...settingsAsVariables(settings), ...settingsAsVariables(special.settings ?? {}) }]
          : [],
      ),
    ]);
    const once = new Map(sets.map((set) => [canonicalText(set), set]));
    return [...once.values()].filter((set) => Object.keys(set).length > 0).slice(0, mostSets);
  };
}
