import { type InstanceEvidence, type PackageState, shortId } from "@keelson/model";
import { formatPackage } from "@keelson/report";

import type { Output } from "../output.ts";

/** What of an instance is where on this node. */
export interface Whereabouts extends Omit<InstanceEvidence, "told" | "engineError"> {
  node: { environment: string; name: string };
  instance: string;
  state: PackageState;
  /** Empty where no revision desires the instance. */
  package: string;
  version: string;
  releaseVersion: string | null;
  /** Why the engine cannot be asked; null when it can. */
  engineError: { code: string; message: string } | null;
}

/** Prints a line for each thing that the node has of an instance. */
export function printWhere(output: Output, found: Whereabouts): void {
  const { node, instance, state, staged, filesFolder, commit, containers, engineError } = found;
  const row = (what: string, text: string) => output.print(`${what.padEnd(labelWidth)}  ${text}`);
  row("instance", `${instance} on ${node.environment}/${node.name}: ${state}`);
  if (found.package !== "") row("package", formatPackage(packageOf(found)));
  if (commit !== "") row("commit", commit);
  if (staged === null && found.releaseVersion !== null)
    row("staged", "not staged: keelson stage brings its release onto the node");
  if (staged !== null) {
    row("release", staged.digest ?? "of unknown digest");
    row("staged", `${staged.path}  ${staged.check.state === "ok" ? "verified" : staged.check.state}`);
    for (const path of staged.check.differing) row("", `  ${path}`);
    if (staged.check.state !== "ok")
      row("", "keelson stage verify marks it, and the next round stages it again");
  }
  if (filesFolder !== null) row("files", filesFolder);
  for (const { path, isUsed } of found.folders) row("data", `${path}${isUsed ? "" : "  left behind"}`);
  for (const { name, isUsed } of found.volumes) row("volume", `${name}${isUsed ? "" : "  left behind"}`);
  for (const { name, image, imageId, state: its } of containers ?? [])
    row("container", `${name}  ${its}  ${image} ${shortId(imageId.replace("sha256:", ""))}`);
  if (engineError !== null) output.printError(`error[${engineError.code}] ${engineError.message}`);
}

const labelWidth = "container".length;

function packageOf({ package: reference, version, releaseVersion }: Whereabouts) {
  return { package: reference, version, ...(releaseVersion === null ? {} : { releaseVersion }) };
}
