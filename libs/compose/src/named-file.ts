import { followInclude } from "./included-file.ts";
import { folderOf, localPath } from "./local-path.ts";
import { isInactive } from "./profile.ts";
import {
  type Step,
  findCompose,
  isPlain,
  missing,
  nameOf,
  notPlain,
  report,
  take,
} from "./reference-step.ts";
import type { ExtendsReference, PlainReference } from "./references.ts";
import type { VisitedFile, Walk } from "./walk.ts";

/** Judges a reference: takes a plain file that it names, and returns the Compose file that it names, if any. */
export function follow(walk: Walk, { reference, ...step }: Step): VisitedFile[] {
  switch (reference.kind) {
    case "refused":
      return report(walk, { ...step, reference }, { message: reference.message });
    case "include":
      return followInclude(walk, { ...step, reference });
    case "extends":
      return followExtends(walk, { ...step, reference });
    default:
      return followPlain(walk, { ...step, reference });
  }
}

function followPlain(walk: Walk, step: Step<PlainReference>): [] {
  const { participant, reference } = step;
  const local = localPath(reference.value, { folder: participant.folder, reach: walk.input.reach });
  if (local.refusal !== null) return report(walk, step, { message: local.refusal });
  const rendered = walk.renderedFiles.get(local.path);
  const source = walk.packageFiles.get(local.path);
  if (rendered === undefined && source === undefined) {
    // Of a service that is left out, Compose reads no file.
    const { profiles } = walk.input;
    const isUnread = isInactive(participant.document.root.value, { path: reference.path, profiles });
    if (reference.optional || isUnread) return [];
    const message = `${missing(walk, local.path)}, and not rendered either`;
    return report(walk, step, { message, seeks: local.path });
  }
  if (rendered === undefined && source !== undefined && !isPlain(source))
    return report(walk, step, { message: notPlain(nameOf(walk, local.path)) });
  const { kind, raw, path } = reference;
  // Labels may hold no secret, and a raw file has no quotes: what is encrypted is refused there.
  const sealed = kind === "env_file" && !raw ? walk.input.sealedVariables.get(local.path) : undefined;
  const bytes = rendered ?? sealed?.bytes ?? source?.bytes ?? new Uint8Array();
  const file = rendered === undefined ? local.path : null;
  const name = nameOf(walk, local.path);
  return take(walk, step, { kind, path: local.path, name, raw, bytes, file, namedBy: { participant, path } });
}

function followExtends(walk: Walk, step: Step<ExtendsReference>): VisitedFile[] {
  const { participant, reference } = step;
  const named = findCompose(walk, { ...step, value: reference.value });
  if (named === null) return [];
  const { source, path } = named;
  // Cycles between services are found in `extends-chain`; two files may well extend services of each other.
  return [
    { source, path, folder: folderOf(path), role: "base", variables: participant.variables, chain: [] },
  ];
}
