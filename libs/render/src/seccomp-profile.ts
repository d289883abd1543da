import { type DesiredMount, type Problem, type RenderedInstance, decodeText } from "@keelson/model";

import type { BindSource } from "./bind-source.ts";
import { composeProblem } from "./place-of-problem.ts";

/** K1333: a seccomp profile that is no file of the commit, or that Compose could not hand to the engine. */
export function findProfileFaults(
  { source, services }: BindSource,
  { mount, instance }: { mount: DesiredMount | null; instance: RenderedInstance },
): Problem[] {
  const fault = faultOf(mount);
  if (fault === null) return [];
  const [service = ""] = services;
  return [
    composeProblem(instance, {
      code: "K1333",
      path: ["services", service, "security_opt"],
      message: `the seccomp profile ${source} ${fault}`,
      hint: "Commit the profile as a JSON file in the package, which no container writes and no secret is in; or use seccomp=unconfined, with a grant.",
    }),
  ];
}

function faultOf(mount: DesiredMount | null): string | null {
  const [file] = mount?.files ?? [];
  if (mount?.kind !== "file" || file === undefined)
    return "is not a committed file, or a container may write it";
  if (mount.layout !== "content" || mount.writable)
    return "has an onChange or writable of its own, and a container has it as it was made";
  if (file.secrets.length > 0)
    return "holds a secret, which everyone on the node could read in the container";
  return isObject(decodeText(file.content)) ? null : "is not a JSON object";
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
