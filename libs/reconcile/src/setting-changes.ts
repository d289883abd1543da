import type { InstanceSettingChanges } from "@keelson/model";
import { compareSettings } from "@keelson/settings";

import type { Walk } from "./walk-path.ts";

/** What the settings of each instance that two revisions have are differently in the second one; nothing of those with problems. */
export function listSettingChanges(before: Walk, after: Walk): InstanceSettingChanges[] {
  return (after.rendered?.instances ?? []).flatMap(({ name, package: { reference } }) => {
    const [old, now] = [before.settings.get(name), after.settings.get(name)];
    if (old === undefined || now === undefined || old.problems.length + now.problems.length > 0) return [];
    const changes = compareSettings(old, now);
    return changes.length === 0 ? [] : [{ instance: name, package: reference, changes }];
  });
}
