import type { FoundProject, ImportedProject } from "@keelson/manifest";
import { type Problem, ProjectName, problemOf, quote } from "@keelson/model";

import type { RunningProject } from "./running-project.ts";

/** A project as an instance of the environment; or why it can be none. */
export type JudgedProject =
  | { folder: string; imported: ImportedProject; problem: null }
  | { folder: string; imported: null; problem: Problem };

/** The name of what runs from a folder is the one that counts: it may have been started with `-p`. */
export function judgeProject(found: FoundProject, running: readonly RunningProject[]): JudgedProject {
  const { folder, instance } = found;
  const own = running.filter((each) => each.folder === folder && !each.isManaged);
  const adopted = own.find(({ name }) => name === found.project) ?? own[0];
  const project = adopted?.name ?? found.project;
  const [file = ""] = found.composeFiles;
  const refuse = (code: string, message: string, hint: string): JudgedProject => ({
    folder,
    imported: null,
    problem: problemOf(folder === "" ? file : `${folder}/${file}`, { code, message, hint }),
  });
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
  return { folder, imported: { folder, instance, project, adopt: adopted !== undefined }, problem: null };
}
