import { type SourceFiles } from "@keelson/model";

import { joinPath } from "./compose-reach.ts";
import type { FoundProject } from "./found-project.ts";
import { filesOfProject } from "./project-files.ts";

/** A folder with a Compose file that another one's includes: what is in it runs there. */
export interface ProjectPart {
  folder: string;
  /** The folder of the project whose part it is. */
  of: string;
}

/**
 * Which of the projects are parts of others. Two that include each other are none: Compose takes neither. The top of the repository,
 * which cannot be an instance, has none.
 */
export function findParts(projects: readonly FoundProject[], files: SourceFiles): ProjectPart[] {
  const included = new Map(
    projects.map((project) => {
      const own = new Set(pathsOf(project));
      return [
        project.folder,
        new Set(filesOfProject(project, files).compose.filter((path) => !own.has(path))),
      ];
    }),
  );
  const includes = (folder: string, part: FoundProject) =>
    pathsOf(part).some((path) => included.get(folder)?.has(path) === true);
  return projects.flatMap((part) => {
    const whole = projects.find(
      (other) =>
        other !== part &&
        other.folder !== "" &&
        includes(other.folder, part) &&
        !includes(part.folder, other),
    );
    return whole === undefined ? [] : [{ folder: part.folder, of: whole.folder }];
  });
}

function pathsOf({ folder, composeFiles }: FoundProject): string[] {
  return composeFiles.flatMap((path) => joinPath(folder, path) ?? []);
}
