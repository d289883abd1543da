import { KeelsonError, canonicalText, isJsonObject, stalled } from "@keelson/model";
import type { AppliedFiles, Json, RecordFiles } from "@keelson/model";

import { readDocument, writeDocument } from "./document.ts";
import type { Folder } from "./folder.ts";
import type { StoreContext } from "./placed-files.ts";
import { whileWriting } from "./store-error.ts";
import { makeInstance } from "./store-path.ts";

const documentName = "applied.json";

/** What the services of an instance have loaded; null when nothing is noted. Throws K4007 when it is damaged. */
export function readApplied(instance: Folder): AppliedFiles | null {
  const text = readDocument(instance, documentName);
  if (text === null) return null;
  const applied = parseApplied(text);
  if (applied !== null) return applied;
  throw new KeelsonError({
    code: "K4007",
    message: `${instance.path}/${documentName} is damaged`,
    // Not treated as empty: that would signal or restart services without a cause that anyone can see.
    hint: "Remove it. The services of the instance are then signalled or restarted once, to be sure they have their files.",
    outcome: stalled,
  });
}

function parseApplied(text: string): AppliedFiles | null {
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch {
    // Nothing in the parser's words helps beyond that it is damaged.
    return null;
  }
  return isApplied(value) ? value : null;
}

function isApplied(value: unknown): value is AppliedFiles {
  const isRecord = (inner: unknown) =>
    isJsonObject(inner) && Object.values(inner).every((digest) => typeof digest === "string");
  return isJsonObject(value) && Object.values(value).every(isRecord);
}

/** Replaces what is noted of the whole instance. Throws K4001 to K4004 and K4006. */
export async function writeApplied(
  context: Pick<StoreContext, "stateDir">,
  input: { instance: string; applied: AppliedFiles },
): Promise<void> {
  await whileWriting(`note what instance ${input.instance} has loaded`, () => {
    using instance = makeInstance(context.stateDir, input.instance);
    writeDocument(instance, { name: documentName, text: `${canonicalText(input.applied)}\n` });
  });
}

/** Notes which live files a service has loaded; what is noted of other services stays. Throws K4001 to K4004, K4006, K4007. */
export async function recordFiles(
  context: Pick<StoreContext, "stateDir">,
  operation: RecordFiles,
): Promise<void> {
  const { service, files } = operation;
  await whileWriting(`note what service ${service} of instance ${operation.instance} has loaded`, () => {
    // Read and written without a pause: services of one instance finish side by side.
    using instance = makeInstance(context.stateDir, operation.instance);
    const applied = { ...readApplied(instance), [service]: files };
    writeDocument(instance, { name: documentName, text: `${canonicalText(applied)}\n` });
  });
}
