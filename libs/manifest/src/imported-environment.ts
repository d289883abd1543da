import { type Discovery, type Policy, compareText, composeProjectName, namePattern } from "@keelson/model";

import { folderOf } from "./compose-reach.ts";
import { findFolders } from "./discovered-folder.ts";
import { inline } from "./written-yaml.ts";

/** A folder that becomes an instance. */
export interface ImportedProject {
  folder: string;
  instance: string;
  project: string;
  /** Whether what it has on the node is taken over. */
  adopt: boolean;
}

export interface ImportedEnvironment {
  name: string;
  projects: readonly ImportedProject[];
  /** Folders with a Compose file that are left out. */
  leftOut: readonly string[];
  /** All paths of the repository. */
  listed: readonly string[];
  /** Names of networks that the environment makes. */
  networks: readonly string[];
  allow: NonNullable<Policy["allow"]>;
}

/**
 * The text of an environment.yaml for Compose folders as they are: each keeps its project's name. Folders beside one another are
 * found by a pattern, where each of them is a project; others, and what is special to one, stand under `instances`.
 */
export function writeImported({ name, networks, allow, ...of }: ImportedEnvironment): string {
  const discover = discoveriesOf(of);
  const found = new Set(discover.flatMap((entry) => findFolders(entry, of.listed)));
  const byFolder = Map.groupBy(of.projects, ({ folder }) => folder);
  const instances = of.projects.flatMap((each) => {
    const isAlone = byFolder.get(each.folder)?.length === 1;
    return instanceLine(each, { isFound: found.has(each.folder) && isAlone });
  });
  const grants = Object.entries(allow).map(([key, value]) => `    ${inline(key)}: ${inline(value)}`);
  return [
    `name: ${name}`,
    ...section(
      "discover:",
      discover.map((entry) => `  - ${inline(entry)}`),
    ),
    ...section("instances:", instances),
    ...section(
      "networks:",
      networks.map((each) => `  ${inline(each)}:`),
    ),
    ...section("policy:\n  allow:", grants),
    "",
  ].join("\n");
}

function section(heading: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [heading, ...lines];
}

/** A folder that is several instances gives none of them its project. */
function instanceLine(
  { folder, instance, project, adopt }: ImportedProject,
  { isFound }: { isFound: boolean },
): string[] {
  const base = baseOf(folder);
  const keepsProject = isFound && project === composeProjectName(base);
  if (keepsProject && instance === base && !adopt) return [];
  const entry = {
    package: `./${folder}`,
    ...(keepsProject ? {} : { project }),
    ...(adopt ? { adopt } : {}),
  };
  return [`  ${instance}: ${inline(entry)}`];
}

type Folders = Pick<ImportedEnvironment, "projects" | "leftOut" | "listed">;

/** An entry for each folder that holds two projects or more, and nothing but folders of projects. */
function discoveriesOf({ projects, leftOut, listed }: Folders): Discovery[] {
  const known = new Set([...projects.map(({ folder }) => folder), ...leftOut]);
  const byParent = Map.groupBy(projects, ({ folder }) => folderOf(folder));
  return [...byParent]
    .sort(([a], [b]) => compareText(a, b))
    .flatMap(([parent, inside]): Discovery[] => {
      const path = parent === "" ? "*" : `${parent}/*`;
      // A pattern would be made of it.
      if (inside.length < 2 || /[*?[\]{}]/.test(parent)) return [];
      const children = findFolders({ path, project: "folder" }, listed);
      if (!children.every((folder) => known.has(folder))) return [];
      const bases = new Set(inside.filter((each) => isFoundAs(each)).map(({ folder }) => folder));
      const except = children.filter((folder) => !bases.has(folder)).map(baseOf);
      if (bases.size < 2) return [];
      return [{ path, project: "folder", ...(except.length === 0 ? {} : { except }) }];
    });
}

/** Whether the folder alone gives a project, and an instance that nobody else is. */
function isFoundAs({ folder, instance }: ImportedProject): boolean {
  const base = baseOf(folder);
  const isName = namePattern.test(base);
  return composeProjectName(base) !== "" && (!isName || instance === base);
}

function baseOf(folder: string): string {
  return folder.slice(folder.lastIndexOf("/") + 1);
}
