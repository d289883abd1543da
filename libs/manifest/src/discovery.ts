import {
  type Discovery,
  type Environment,
  type Instance,
  type Located,
  type Problem,
  composeProjectName,
  namePattern,
  problemAt,
  quote,
} from "@keelson/model";

import { findFolders } from "./discovered-folder.ts";

type Layers = readonly Located<Environment>[];

/** What the entries of `discover` make of the folders that are there. */
export interface Discovered {
  /** With the instances that were found, as if each layer listed its own. */
  layers: Located<Environment>[];
  /** What a listed instance has where its entry says nothing, by name: it is one that was found. */
  defaults: ReadonlyMap<string, Partial<Instance>>;
  /** Names of folders that are found, and that no instance can have. */
  unnamed: string[];
  problems: Problem[];
}

/** One folder that an entry of `discover` matches. */
interface Match {
  folder: string;
  layer: Located<Environment>;
  /** Where the entry stands. */
  path: string;
  entry: Discovery;
}

/**
 * Finds instances among the folders of the repository. What `instances` lists by the folder's name, for the same folder, is that
 * instance: it has what it says, and the rest as it was found. `listed` are all paths that may lie in such folders.
 */
export function discoverInstances(layers: Layers, listed: readonly string[]): Discovered {
  if (layers.every(({ value }) => value.discover === undefined))
    return { layers: [...layers], defaults: new Map(), unnamed: [], problems: [] };
  const instances: Record<string, Instance> = Object.assign(
    {},
    ...layers.map(({ value }) => value.instances),
  );
  const { matches, problems } = matchFolders(layers, listed);
  const unnamed = new Set<string>();
  const defaults = new Map<string, Partial<Instance>>();
  const found = new Map<string, Match>();
  for (const match of matches) {
    const { folder, layer, path } = match;
    const reference = `./${folder}`;
    const name = nameOf(folder);
    const report = (code: string, message: string, hint: string) =>
      problems.push({
        ...problemAt(layer, { code, path, message, hint, part: "value" }),
        instances: [name],
      });
    const other = found.get(name);
    const fields = fieldsOf(match);
    if (fields.project === "") {
      unnamed.add(name);
      report(
        "K1133",
        `the folder ${quote(folder)} gives no project name`,
        "Rename it, or leave `project` out.",
      );
    } else if (Object.hasOwn(instances, name)) {
      const listedAs = instances[name]?.package ?? "";
      if (listedAs === reference) defaults.set(name, fields);
      else
        report(
          "K1125",
          `${quote(folder)} would be instance ${quote(name)}, which is ${listedAs}`,
          `Rename the folder or that instance, or add ${quote(name)} to \`except\`.`,
        );
    } else if (!namePattern.test(name)) {
      const entries = Object.keys(instances).filter((key) => instances[key]?.package === reference);
      for (const key of entries) defaults.set(key, fields);
      if (entries.length === 0) {
        unnamed.add(name);
        report(
          "K1123",
          `the folder ${quote(folder)} has a name that no instance can have`,
          `Give it one under \`instances\`: <name>: { package: ${reference} }, or add ${quote(name)} to \`except\`.`,
        );
      }
    } else if (other !== undefined && other.folder !== folder) {
      report(
        "K1125",
        `${quote(folder)} would be instance ${quote(name)}, and so would ${quote(other.folder)}`,
        `Give one of them another name under \`instances\`, and add ${quote(name)} to \`except\` of its entry.`,
      );
    } else found.set(name, match);
  }
  return {
    layers: layers.map((layer) => withInstances(layer, found)),
    defaults,
    unnamed: [...unnamed],
    problems,
  };
}

function fieldsOf({ entry, folder }: Match): Pick<Instance, "on" | "project"> {
  return {
    ...(entry.on === undefined ? {} : { on: entry.on }),
    ...(entry.project === "folder" ? { project: composeProjectName(nameOf(folder)) } : {}),
  };
}

function nameOf(folder: string): string {
  return folder.slice(folder.lastIndexOf("/") + 1);
}

/** K1121 for an entry that matches nothing, and K1124 for a folder that several match. */
function matchFolders(layers: Layers, listed: readonly string[]): { matches: Match[]; problems: Problem[] } {
  const matches = new Map<string, Match>();
  const problems: Problem[] = [];
  for (const layer of layers) {
    for (const [index, entry] of (layer.value.discover ?? []).entries()) {
      const path = `discover[${index}].path`;
      const folders = findFolders(entry, listed);
      if (folders.length === 0) {
        const message = `no folder of the repository matches ${quote(entry.path)}`;
        const hint = "Correct the pattern, or remove the entry where all of its instances are to be removed.";
        problems.push(problemAt(layer, { code: "K1121", path, message, hint, part: "value" }));
      }
      for (const folder of folders) {
        const other = matches.get(folder);
        if (other === undefined) matches.set(folder, { folder, layer, path, entry });
        else {
          const { line } = other.layer.positionOf(other.path);
          const message = `${quote(folder)} is matched by ${quote(other.entry.path)} in ${other.layer.file}:${line} already`;
          const hint = `Narrow one of the patterns, or add ${quote(nameOf(folder))} to \`except\` of one.`;
          problems.push({
            ...problemAt(layer, { code: "K1124", path, message, hint, part: "value" }),
            instances: [nameOf(folder)],
          });
        }
      }
    }
  }
  return { matches: [...matches.values()], problems };
}

/** The layer with the instances that its entries have found; they stand where their entry does. */
function withInstances(layer: Located<Environment>, found: ReadonlyMap<string, Match>): Located<Environment> {
  const own = new Map([...found].filter(([, match]) => match.layer === layer));
  if (own.size === 0) return layer;
  const made = [...own].map(([name, match]): [string, Instance] => {
    return [name, { package: `./${match.folder}`, state: "running", ...fieldsOf(match) }];
  });
  return {
    ...layer,
    value: { ...layer.value, instances: { ...layer.value.instances, ...Object.fromEntries(made) } },
    positionOf: (path, part) => {
      const name = /^instances\.([^.[]+)/.exec(path)?.[1] ?? "";
      const match = own.get(name);
      return match === undefined ? layer.positionOf(path, part) : layer.positionOf(match.path, "value");
    },
  };
}
