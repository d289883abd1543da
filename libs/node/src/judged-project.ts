import { type FoundProject, type ImportedProject, takeName } from "@keelson/manifest";
import { type Problem, ProjectName, problemOf, quote } from "@keelson/model";

import type { RunningProject } from "./running-project.ts";

/** A project as an instance of the environment; with a problem it can be none. */
export interface JudgedProject {
  found: FoundProject;
  instance: string;
  /** Null where nobody knows it. */
  project: string | null;
  adopt: boolean;
  problem: Problem | null;
}

/**
 * The instances that the folders become, in their order. The name of what runs from a folder is the one that counts: it may have been
 * started with `-p`, and then several can run from one folder, each of which is an instance.
 */
export function judgeProjects(
  projects: readonly FoundProject[],
  running: readonly RunningProject[],
): JudgedProject[] {
  const taken = new Set(projects.map(({ instance }) => instance));
  return projects.flatMap((found) => {
    const own = running.filter(
      (each) => each.folder === found.folder && !each.isManaged && each.containers > 0,
    );
    if (own.length === 0)
      return [judge(found, { instance: found.instance, project: found.project, adopt: false })];
    return own.map(({ name }) => {
      const isFolders = own.length === 1 || name === found.project;
      const instance = isFolders ? found.instance : takeName([name, `${found.instance}-${name}`], taken);
      return judge(found, { instance, project: name, adopt: true });
    });
  });
}

export function importedOf({ found, instance, project, adopt, problem }: JudgedProject): ImportedProject[] {
  return problem !== null || project === null ? [] : [{ folder: found.folder, instance, project, adopt }];
}

function judge(
  found: FoundProject,
  of: Pick<JudgedProject, "instance" | "project" | "adopt">,
): JudgedProject {
  return { found, ...of, problem: problemWith(found, of.project) };
}

function problemWith(
  { folder, composeFiles: [file = ""] }: FoundProject,
  project: string | null,
): Problem | null {
  const refuse = (code: string, message: string, hint: string) =>
    problemOf(folder === "" ? file : `${folder}/${file}`, { code, message, hint });
  if (folder === "")
    return refuse(
      "K9096",
      "the Compose file lies at the top of the repository, and an instance is a folder",
      "Move it, with what it names, into a folder such as apps/main.",
    );
  if (project === null)
    return refuse(
      "K9097",
      "the name of the project depends on a variable that no committed file sets",
      "Set the variable in the .env of the folder, or add the instance by hand, with project: NAME.",
    );
  if (!ProjectName.safeParse(project).success)
    return refuse(
      "K9097",
      `${quote(project)} cannot be the name of a project`,
      "Use a-z, 0-9, _ and -, at most 63, beginning with a letter or digit; or add the instance by hand.",
    );
  return null;
}
