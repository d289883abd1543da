import { type Problem, withoutRepeats } from "@keelson/model";

/** Each problem once, and none that only follows from another: of a Compose file that is not there, what names it is told. */
export function toldOnce(problems: readonly Problem[]): Problem[] {
  const nameless = problems
    .filter(({ code, path }) => code === "K1004" && path === "compose")
    .map(({ file }) => file.slice(0, file.lastIndexOf("/") + 1));
  return withoutRepeats(problems).filter(
    ({ code, file }) => code !== "K1416" || !nameless.some((folder) => file.startsWith(folder)),
  );
}
