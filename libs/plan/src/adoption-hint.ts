import type { DesiredInstance, Ownership } from "@keelson/model";

interface InTheWay {
  ownership: Ownership;
  /** Compose's project label; empty where there is none. */
  project: string;
  elsewhere?: unknown;
}

/** How what Compose has made of exactly this instance's project is taken over, before anything is said of removing it; else empty. */
export function adoptionHint(
  found: InTheWay,
  { name, project, adopt }: Pick<DesiredInstance, "name" | "project" | "adopt">,
): string {
  const isCandidate =
    found.ownership === "foreign" && found.elsewhere === undefined && found.project === project;
  if (!isCandidate || adopt === true) return "";
  return `Docker Compose made it as a part of project ${project}. To take it over as it is, add adopt: true to instance ${name}, and ${project} to allow.adopt in agent.yaml. `;
}
