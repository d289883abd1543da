import {
  findComposeBinary,
  isTriedCompose,
  readComposeVersion,
  triedComposeVersions,
} from "@keelson/compose";
import { findNeededPrograms } from "@keelson/git";
import { KeelsonError } from "@keelson/model";
import { readFlockVersion } from "@keelson/record";
import { statusPlace } from "@keelson/node";

import { withoutConfig } from "./config-checks.ts";
import { type ExaminedNode, gitTimeoutMs } from "./examined-node.ts";
import { type Verdict, attempt, failed, ok, skipped, warning } from "./verdict.ts";

export async function examineCompose({ environment }: ExaminedNode): Promise<Verdict> {
  const found = await attempt(async () => {
    const binary = await findComposeBinary(environment);
    return { version: await readComposeVersion(binary), binary };
  });
  return found instanceof KeelsonError ? failed(found) : judgeCompose(found);
}

export function judgeCompose({ version, binary }: { version: string; binary: string }): Verdict {
  const found = `${version}, ${binary}; Keelson was tried with ${triedComposeVersions}`;
  if (isTriedCompose(version)) return ok(found);
  return warning(
    found,
    "It is used all the same. Look at keelson plan before you let a version decide that was not tried.",
  );
}

export async function examineFlock(): Promise<Verdict> {
  const version = await attempt(readFlockVersion);
  return version instanceof KeelsonError ? failed(version) : ok(`util-linux ${version}`);
}

/** Over HTTP Keelson needs no program; for ssh and local paths it does, also where only the status goes that way. */
export async function examineGitPrograms({ config }: ExaminedNode): Promise<Verdict> {
  if (config instanceof KeelsonError) return skipped(withoutConfig);
  const urls = [config.source.url, statusPlace(config)?.url ?? config.source.url];
  const timeoutMs = gitTimeoutMs(config);
  const programs = await attempt(async () =>
    Promise.all(urls.map(async (url) => findNeededPrograms({ url, timeoutMs }))),
  );
  if (programs instanceof KeelsonError) return failed(programs);
  const versions = [...new Set(programs.flat())];
  return versions.length === 0 ? skipped("over HTTP none is needed") : ok(versions.join(", "));
}
