import { type KnownFolder, KeelsonError, count } from "@keelson/model";
import { dataSettings } from "@keelson/node";
import { observeDataDir, readDiskSpace, resolvePaths } from "@keelson/store";

import { judgeSpace } from "./disk-checks.ts";
import type { ExaminedNode } from "./examined-node.ts";
import { type Verdict, attempt, failed, failure, ok, skipped } from "./verdict.ts";

/** Less is a warning or a failure: programs write here without asking anybody. */
const dataThresholds = {
  warning: { bytes: 1024 ** 3, inodes: 10_000 },
  failure: { bytes: 128 * 1024 ** 2, inodes: 1_000 },
};

/** Where the data folders of instances lie: the disk is mounted, what this node knows to be there is there, and there is room. */
export async function examineData({ config, stateDir, record }: ExaminedNode): Promise<Verdict> {
  const known = await record;
  if (known instanceof KeelsonError) return skipped("the record cannot be read");
  const used = Object.entries(known?.folders ?? {}).filter(([, { state }]) => state === "used");
  if (used.length === 0) return skipped("no instance has a data folder");
  const { dataDir } = dataSettings({ stateDir }, config instanceof KeelsonError ? undefined : config);
  const found = await attempt(async () => observeDataDir({ dataDir }));
  if (found instanceof KeelsonError) return failed(found);
  const isBelow = used.some(([path]) => path.startsWith(`${found.path}/`));
  if (isBelow && !found.isMarked) {
    const said = `${found.path} has no file .keelson-data, and data of this node lies there: its disk is not mounted [K3032]`;
    return failure(said, "Mount the disk. keelson explain K3032 says what else it can be.");
  }
  const lost = await listLost(used);
  if (lost.length > 0)
    return failure(
      lost.join("\n"),
      "Mount what is missing, or say under dataFolders in agent.yaml where it lies.",
    );
  const space = await attempt(async () => readDiskSpace(dataDir));
  if (space instanceof KeelsonError) return failed(space);
  const { found: room, ...verdict } = judgeSpace({ path: dataDir, ...space }, dataThresholds);
  return verdict.result === "ok"
    ? ok(`${count(used.length, "data folder")}, ${room}`)
    : { ...verdict, found: room };
}

async function listLost(used: readonly [string, KnownFolder][]): Promise<string[]> {
  const places = await resolvePaths(used.map(([path]) => path));
  return used.flatMap(([path, { instance }]) => {
    const place = places[path];
    if (place === undefined || place.fault !== "")
      return [`${path} of ${instance} cannot be seen: ${place?.fault ?? "it was not asked for"}`];
    return place.real === null ? [`${path} of ${instance} is gone [K3032]`] : [];
  });
}
