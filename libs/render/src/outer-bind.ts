import type { Problem, RenderedInstance } from "@keelson/model";

import type { BindSource } from "./bind-source.ts";
import { composeProblem, pathFrom } from "./place-of-problem.ts";

/** Whether a relative source is a folder that the package itself lies in: its other contents are none of the package's. */
export function holdsPackage({ source }: BindSource, { compose }: RenderedInstance): boolean {
  const [first] = compose.composeFiles;
  const path = pathFrom(compose.folder, `${first}/../${source}`);
  return path === "" || compose.folder.startsWith(`${path}/`);
}

/** K1134: what is read of the repository for a package is what it names, and never all that lies around it. */
export function outerProblem({ source, services }: BindSource, instance: RenderedInstance): Problem {
  const [service = ""] = services;
  return composeProblem(instance, {
    code: "K1134",
    path: ["services", service, "volumes"],
    message: `${source} is a folder of the repository that the package itself lies in`,
    hint: "Bind the files and folders that the container needs, each by its own path.",
  });
}
