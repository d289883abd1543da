import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { SourceFile } from "@keelson/model";
import { digestOfFiles, treeOfFiles } from "@keelson/nar";

import { verifyStaged } from "./staged-list.ts";
import { type StagingInput, stageRelease } from "./staged-release.ts";

/** Files of a release, by path; of a link where it leads to, with `->`. */
export type ReleaseTexts = Record<string, string>;

/** What stages these files as a release of this version. */
export async function releaseOf(
  version: string,
  texts: ReleaseTexts,
): Promise<Pick<StagingInput, "release" | "readTree" | "isThorough" | "now">> {
  const folder = `releases/shop/${version}`;
  const files = Object.entries(texts).map(([path, text]): SourceFile => {
    const mode = text.startsWith("->") ? "120000" : path.endsWith(".sh") ? "100755" : "100644";
    return { path: `${folder}/${path}`, mode, bytes: Buffer.from(text.replace("->", "")) };
  });
  const digest = (await digestOfFiles(files, folder)) ?? "";
  return {
    release: { name: "shop", version, digest },
    readTree: async () => Promise.resolve(treeOfFiles(files, folder)),
    isThorough: false,
    now: new Date("2026-03-01T12:00:00.000Z"),
  };
}

export const sampleTexts: ReleaseTexts = {
  "release.yaml": "name: shop\n",
  "packages/web/compose.yaml": "services: {}\n",
  "packages/web/conf/a.conf": "one",
  "packages/web/conf/b.conf": "two",
  "packages/web/run.sh": "#!/bin/sh\n",
  "packages/web/current": "->conf/a.conf",
};

/** A version, and beside it one that a check has found changed. */
export async function before(stateDir: string): Promise<void> {
  await stageRelease({ stateDir, ...(await releaseOf("0.9.0", sampleTexts)) });
  const { path } = await stageRelease({ stateDir, ...(await releaseOf("1.0.0", sampleTexts)) });
  chmodSync(join(path, "release.yaml"), 0o644);
  writeFileSync(join(path, "release.yaml"), "name: shoq\n");
  await verifyStaged(stateDir, { isAsked: () => true, now: new Date("2026-03-01T13:00:00.000Z") });
}

/** Mends that one, and stages a new version. */
export async function after(stateDir: string): Promise<void> {
  await stageRelease({ stateDir, ...(await releaseOf("1.0.0", sampleTexts)) });
  await stageRelease({ stateDir, ...(await releaseOf("1.1.0", { ...sampleTexts, more: "more" })) });
}
