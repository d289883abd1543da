import { type Problem, type RenderedInstance, decodeText, problemOf } from "@keelson/model";

/** K1335, a warning: the instance has its own project, whatever the Compose file calls it. */
export function findProjectNames({ name, compose }: RenderedInstance): Problem[] {
  const { project, folder, composeFiles, packageFiles } = compose;
  return composeFiles.flatMap((path) => {
    const file = `${folder}/${path}`;
    const source = packageFiles.find((each) => each.path === file);
    if (source === undefined) return [];
    const text = decodeText(source.bytes);
    // Nothing else of a document begins a line: what is inside of something is indented.
    const found = /^(?:name|"name"|'name')[ \t]*:[ \t]*(\S.*)$/m.exec(text);
    const given =
      found?.[1]
        ?.replace(/\s+#.*$/, "")
        .replace(/^(["'])(.*)\1$/, "$2")
        .trim() ?? project;
    if (found === null || given === project) return [];
    const before = text.slice(0, found.index).split("\n");
    return [
      {
        ...problemOf(file, {
          code: "K1335",
          message: `the project is ${project}, as instance ${name} says, and not ${given}`,
          hint: `To keep the project, write project: ${given} under instances.${name} in environment.yaml; or leave the line out.`,
        }),
        line: before.length,
        column: 1,
        path: "name",
        sourceLine: found[0],
      },
    ];
  });
}
