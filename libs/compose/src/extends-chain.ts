import { type ComposeInput, type Json, isJsonObject, ownOf } from "@keelson/model";

import type { Finding } from "./compose-document.ts";
import { localPath } from "./local-path.ts";
import { referenceOf } from "./package-reference.ts";
import type { Participant } from "./participant.ts";
import { isInactive } from "./profile.ts";

const cycleHint = "Let one of them stand without extends.";
const imageHint = "Name the image.";

/**
 * K1407 for services that extend themselves. For those that get no image from anywhere: K1405 when they are built, and K1424.
 */
export function findServiceRefusals(
  participants: readonly Participant[],
  input: Pick<ComposeInput, "folder" | "reach" | "images" | "profiles">,
): { participant: Participant; finding: Finding }[] {
  const found: { participant: Participant; finding: Finding }[] = [];
  const withImage = new Set(input.images.map(({ service }) => service));
  const built = new Set<string>();
  const whole = participants.filter(({ role }) => role !== "base");
  for (const participant of participants) {
    for (const name of Object.keys(servicesOf(participant))) {
      const result = followExtends(participants, { participant, name });
      if (result === "cycle") {
        const message = `${name} extends itself`;
        const finding = { code: "K1407", path: ["services", name, "extends"], message, hint: cycleHint };
        found.push({ participant, finding });
      }
      // Compose itself names a missing base.
      if (participant.role === "base") continue;
      if (result !== "no-image") withImage.add(name);
      for (const each of withBases(participants, { participant, name }))
        if (each.participant.document.built.has(each.name)) built.add(name);
    }
  }
  const reported = new Set<string>();
  for (const participant of whole) {
    for (const name of Object.keys(servicesOf(participant))) {
      if (withImage.has(name) || reported.has(name)) continue;
      const path = ["services", name];
      if (isInactive(participant.document.root.value, { path, profiles: input.profiles })) continue;
      reported.add(name);
      const finding = built.has(name)
        ? {
            code: "K1405",
            path: [...path, "build"],
            message: `${name} is built, and no published image stands for it`,
            hint: `Publish the image, and name it in environment.yaml: images: { ${JSON.stringify(`${referenceOf(input)}/${name}`)}: registry.example/${name}:1.0 }, or under image.`,
          }
        : { code: "K1424", path, message: `${name} has no image`, hint: imageHint };
      found.push({ participant, finding });
    }
  }
  return found;
}

export interface ServiceOf {
  participant: Participant;
  name: string;
}

function followExtends(
  participants: readonly Participant[],
  start: ServiceOf,
): "image" | "no-image" | "cycle" | "unknown" {
  const seen = new Set<string>();
  let hasImage = false;
  for (let at: ServiceOf | null = start; at !== null;) {
    const key = JSON.stringify([at.participant.document.file, at.name]);
    if (seen.has(key)) return "cycle";
    seen.add(key);
    const service = servicesOf(at.participant)[at.name];
    if (!isJsonObject(service)) return "unknown";
    hasImage ||= isGiven(service["image"]);
    const next = baseOf(participants, { participant: at.participant, base: service["extends"] ?? null });
    if (next === "unknown") return hasImage ? "image" : "unknown";
    at = next;
  }
  return hasImage ? "image" : "no-image";
}

/** A service and all that it extends, one after the other. A circle, which is refused, is followed once. */
export function* withBases(participants: readonly Participant[], start: ServiceOf): Generator<ServiceOf> {
  const seen = new Set<Json>();
  for (let at: ServiceOf | null = start; at !== null;) {
    const { participant, name }: ServiceOf = at;
    const service = ownOf(servicesOf(participant), name);
    if (!isJsonObject(service) || seen.has(service)) return;
    seen.add(service);
    yield at;
    const base = baseOf(participants, { participant, base: service["extends"] ?? null });
    at = base === "unknown" ? null : base;
  }
}

/** Which services of a file count: of one that is only read for what others extend, those that somebody does extend. */
export function usedServices(
  participants: readonly Participant[],
): (participant: Participant, name: string) => boolean {
  const used = new Map<Participant, Set<string>>();
  for (const participant of participants.filter(({ role }) => role !== "base")) {
    for (const name of Object.keys(servicesOf(participant))) {
      for (const base of withBases(participants, { participant, name })) {
        used.set(base.participant, (used.get(base.participant) ?? new Set()).add(base.name));
      }
    }
  }
  return (participant, name) => participant.role !== "base" || used.get(participant)?.has(name) === true;
}

function baseOf(
  participants: readonly Participant[],
  { participant, base }: { participant: Participant; base: Json },
): ServiceOf | null | "unknown" {
  if (base === null) return null;
  if (typeof base === "string") return { participant, name: base };
  const name = isJsonObject(base) ? base["service"] : undefined;
  if (!isJsonObject(base) || typeof name !== "string") return "unknown";
  const file = base["file"] ?? null;
  if (file === null) return { participant, name };
  // Whether it may be named at all is judged where files are found.
  const local = localPath(file, { folder: participant.folder, reach: "repository" });
  const other = participants.find(
    ({ role, path, variables }) =>
      role === "base" && path === local.path && variables === participant.variables,
  );
  return other === undefined ? "unknown" : { participant: other, name };
}

export function servicesOf(participant: Participant): { [key: string]: Json } {
  const root = participant.document.root.value;
  const services = isJsonObject(root) ? (root["services"] ?? null) : null;
  return isJsonObject(services) ? services : {};
}

function isGiven(image: Json | undefined): boolean {
  return image !== undefined && image !== null && image !== "";
}
