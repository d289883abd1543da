import { findOrphanFolders, findOrphanVolumes, readLocalStatus } from "@keelson/node";

import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { listStatusGrants, printGrants } from "../print/grants.ts";
import { printOrphans } from "../print/orphans.ts";
import { type EngineOptions, readEngineSettings } from "./logs.ts";

export interface AuditOptions extends EngineOptions {
  grants?: boolean;
  orphans?: boolean;
}

/** Lists what reaches the host on this node, and what lies there and is used by nothing that is desired; changes nothing. */
export async function audit(
  { grants, orphans, ...options }: AuditOptions,
  { output, signal }: { output: Output; signal: AbortSignal },
): Promise<ExitCode> {
  const settings = readEngineSettings(options);
  const isAll = grants !== true && orphans !== true;
  const reached =
    isAll || grants === true ? listStatusGrants(await readLocalStatus(settings.stateDir)) : null;
  const found =
    isAll || orphans === true
      ? {
          ...(await findOrphanVolumes(settings, { signal })),
          folders: await findOrphanFolders(settings, { signal }),
        }
      : null;
  if (output.json) {
    const { environment } = settings;
    output.printJson({ environment, ...found, ...(reached === null ? {} : { grants: reached }) });
    return exitCodes.done;
  }
  if (reached !== null) printGrants(output, reached);
  if (found !== null) printOrphans(output, found);
  return exitCodes.done;
}
