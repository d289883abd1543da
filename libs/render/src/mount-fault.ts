import type {
  DesiredFile,
  DesiredMount,
  OnChange,
  Problem,
  RenderedInstance,
  Repository,
} from "@keelson/model";

import { filesBelow, isBelow, layoutOf } from "./mount.ts";
import { composeProblem, packageProblem } from "./place-of-problem.ts";

interface FaultContext {
  instance: RenderedInstance;
  repository: Repository | undefined;
}

/** What cannot work of a mount by itself. */
export function findMountFaults(mount: DesiredMount, context: FaultContext): Problem[] {
  const { source, files, layout, kind } = mount;
  const odd = files.find((file) => layoutOf(file.onChange) !== layout);
  if (odd !== undefined) {
    const list = files.map((file) => `${file.to} (${onChangeText(file.onChange)})`).join(", ");
    return [
      packageProblem(context, {
        code: "K1306",
        path: [...filePath(odd.to, context.instance), "onChange"],
        part: "value",
        message: `the folder ${source} is bound as a whole but its files change in different ways: ${list}`,
        hint: "Give all files of one folder onChange values of one layout (recreate | restart and seed | signal, exec and none), or split the folder.",
      }),
    ];
  }
  const mixed = filesBelow(source, context.instance.files).find(
    ({ writable }) => writable !== mount.writable,
  );
  if (mixed !== undefined) {
    return [
      packageProblem(context, {
        code: "K1306",
        path: filePath(mixed.to, context.instance),
        part: "value",
        message: `the folder ${source} is bound as a whole but only some of its files are writable`,
        hint: "Give all files of one folder writable: true or none, or split the folder.",
      }),
    ];
  }
  return kind === "file" ? files.flatMap((file) => findUnseenChange(file, context)) : [];
}

/** Of a file that is bound by itself. */
export function findUnseenChange(
  { to, onChange }: Pick<DesiredFile, "to" | "onChange">,
  context: FaultContext,
): Problem[] {
  if (layoutOf(onChange) !== "data") return [];
  return [
    packageProblem(context, {
      code: "K1307",
      path: [...filePath(to, context.instance), "onChange"],
      part: "value",
      message: `${to} is bound as a single file, where a container keeps seeing the old content after onChange: ${onChangeText(onChange)}`,
      hint: "Bind the folder that holds it, or use onChange: restart or recreate.",
    }),
  ];
}

function filePath(to: string, instance: RenderedInstance): (string | number)[] {
  return ["files", instance.files.find((file) => file.to === to)?.entry ?? 0];
}

/** A mount that containers may write, or that is swapped as a whole, shares no file with another one. */
export function findOverlaps(mounts: readonly DesiredMount[], instance: RenderedInstance): Problem[] {
  const isAlone = ({ writable, layout }: DesiredMount) => writable || layout === "data";
  return mounts.flatMap((outer) =>
    mounts
      .filter((inner) => isBelow(outer.source, inner.source) && (isAlone(outer) || isAlone(inner)))
      .map((inner) =>
        composeProblem(instance, {
          code: "K1308",
          path: ["services", inner.services[0] ?? "", "volumes"],
          message: `${inner.source} is bound on its own and also lies in the bound ${outer.writable ? "and writable " : ""}folder ${outer.source}`,
          hint: "Bind one of the two, or put the files into separate folders.",
        }),
      ),
  );
}

function onChangeText(onChange: OnChange): string {
  return typeof onChange === "string" ? onChange : `{ exec: ${JSON.stringify(onChange.exec)} }`;
}
