import { type DesiredInstance, type RecordState, ownOf, wasLost } from "@keelson/model";

/** Whether a person has moved the counter since it was followed last. Without a record it counts as followed. */
export function isRenewed({ name, renew = 0 }: DesiredInstance, record: RecordState): boolean {
  return renew > followedBefore({ name, renew }, record);
}

/** The count of `commands.<instance>.renew` that was followed last. */
export function followedBefore(
  { name, renew }: { name: string; renew: number },
  record: RecordState,
): number {
  return ownOf(record.renewed, name) ?? (wasLost(record) ? renew : 0);
}
