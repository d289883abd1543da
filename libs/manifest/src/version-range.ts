import semver from "semver";

import { type Finding, quote } from "@keelson/model";

/** Ranges come from people; comparing longer ones costs more than they say. */
const maxLength = 256;

/** Whether a text is a range as `semver` reads it. */
export function isVersionRange(text: string): boolean {
  return text.length <= maxLength && semver.validRange(text) !== null;
}

/** Whether a version is in a range; pre-releases only where the range names one of the same version. */
export function isInRange(version: string, range: string): boolean {
  return isVersionRange(range) && semver.satisfies(version, range);
}

/** What is wrong with a version range, if anything. */
export function rangeFinding(path: string, range: string): Finding[] {
  if (isVersionRange(range)) return [];
  const message = `${quote(range)} is not a version range`;
  return [
    { code: "K1003", path, message, hint: "write one such as ^1.9.0, >=6 <8 or ^6.0 || ^7.0", part: "value" },
  ];
}
