import { type DesiredMount, type Problem, type RenderedInstance, gitsOwn, problemOf } from "@keelson/model";

/** A folder may hold thousands. */
const mostProblems = 20;

/** Files that are committed where a bound folder has its files, and that no entry places: they would be missed in silence. */
export function findUnlisted(mount: DesiredMount, instance: RenderedInstance): Problem[] {
  if (mount.kind !== "folder") return [];
  const {
    folder,
    composeFiles: [composeFile],
    packageFiles,
  } = instance.compose;
  // What compose.yaml binds is relative to its own folder.
  const composeFolder = `${folder}/${composeFile}`.replace(/\/[^/]*$/, "");
  const below = `${composeFolder}/${mount.source}/`;
  const unlisted = packageFiles.filter(({ path }) => path.startsWith(below) && !gitsOwn.test(path));
  const [first] = mount.files;
  const onChange = first === undefined ? "" : onChangeText(first.onChange);
  return unlisted.slice(0, mostProblems).map(({ path }, index) => {
    const from = path.slice(folder.length + 1);
    const to = path.slice(composeFolder.length + 1);
    const more = index === mostProblems - 1 ? unlisted.length - mostProblems : 0;
    return problemOf(path, {
      code: "K1319",
      message: `nothing lists this file, and ${mount.source} is bound as a whole: containers would not get it${more > 0 ? ` (${more} more are like it)` : ""}`,
      hint: `Add to files in ${folder.slice(folder.lastIndexOf("/") + 1)}/package.yaml: - { from: ${JSON.stringify(from)}, to: ${JSON.stringify(to)}${onChange} }, or list the folder: from: ${JSON.stringify(`${from.slice(0, from.lastIndexOf("/"))}/`)}. Or move it out of the folder.`,
    });
  });
}

function onChangeText(onChange: DesiredMount["files"][number]["onChange"]): string {
  return onChange === "recreate" ? "" : `, onChange: ${JSON.stringify(onChange)}`;
}
