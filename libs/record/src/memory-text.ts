import {
  type KnownFolder,
  type KnownVolume,
  type RecordState,
  type VolumeState,
  folderUses,
  volumeStates,
} from "@keelson/model";

type Applied = NonNullable<RecordState["applied"]>;

/** A state of no known name is that of what must not be lost sight of. */
export function readVolumeState(value: unknown): VolumeState {
  return volumeStates.find((state) => state === value) ?? "used";
}

export function readPlaces(text: string): Pick<KnownVolume, "places"> {
  const places: NonNullable<KnownVolume["places"]> = JSON.parse(text);
  return Object.keys(places).length === 0 ? {} : { places };
}

/** The same of a data folder. */
export function readFolderUse(value: unknown): KnownFolder["state"] {
  return folderUses.find((state) => state === value) ?? "used";
}

export function readPlaced(text: string): KnownFolder["placed"] {
  const placed: KnownFolder["placed"] = JSON.parse(text);
  return placed;
}

export function readNames(text: string): string[] {
  const names: string[] = JSON.parse(text);
  return names;
}

export function readParts(text: string): Record<string, string> {
  const parts: Record<string, string> = JSON.parse(text);
  return parts;
}

export function readApplied(text: string): Applied {
  const applied: unknown = JSON.parse(text);
  // JSON of another shape counts as damage, like a text that is no JSON.
  if (!isApplied(applied)) throw new SyntaxError("the row of what was applied is not in Keelson's form");
  return applied;
}

function isApplied(value: unknown): value is Applied {
  if (typeof value !== "object" || value === null || !("commit" in value)) return false;
  const { commit } = value;
  return (
    typeof commit === "string" &&
    "instanceOrder" in value &&
    Array.isArray(value.instanceOrder) &&
    "dependsOn" in value &&
    typeof value.dependsOn === "object" &&
    value.dependsOn !== null
  );
}
