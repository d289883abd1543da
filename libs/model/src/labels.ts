/** Final from the first day: another label would recreate every container of every node. */
export const labels = {
  environment: "io.keelson.environment",
  instance: "io.keelson.instance",
  digest: "io.keelson.digest",
  /** HMAC by the node's key over the resource's id; no part of the digest. */
  owner: "io.keelson.owner",
  /** On volumes only. */
  format: "io.keelson.format",
  generation: "io.keelson.generation",
  /** The environment that has adopted a project. */
  adoptedBy: "io.keelson.adopted-by",
} as const;

/** Compose's own labels (docs.docker.com/compose), which networks and volumes made by the engine carry too. */
export const composeLabels = {
  project: "com.docker.compose.project",
  service: "com.docker.compose.service",
  network: "com.docker.compose.network",
  volume: "com.docker.compose.volume",
  containerNumber: "com.docker.compose.container-number",
  oneOff: "com.docker.compose.oneoff",
  /** Where Compose ran, and the files that it read, with commas between. */
  workingDir: "com.docker.compose.project.working_dir",
  configFiles: "com.docker.compose.project.config_files",
} as const;

/** What the owner label of a resource is an HMAC of. */
export const resourceIds = {
  instance: (name: string) => `instance:${name}`,
  service: (project: string, service: string) => `service:${project}/${service}`,
  services: (project: string, [first = "", ...others]: readonly string[]) =>
    others.length === 0
      ? resourceIds.service(project, first)
      : `services:${project}/{${[first, ...others].join(",")}}`,
  network: (name: string) => `network:${name}`,
  volume: (name: string) => `volume:${name}`,
  container: (name: string) => `container:${name}`,
  image: (reference: string) => `image:${reference}`,
  release: (name: string, version: string) => `release:${name}@${version}`,
  files: (project: string, source: string) => `files:${project}/${source}`,
  folder: (project: string, source: string) => `folder:${project}/${source}`,
};

/** A volume without any data that says whose an adopted project is: nobody can give a label to what is there already. */
export function claimName(project: string): string {
  return `keelson-adopted-${project}`;
}

/** Labels by which Keelson and Compose know what is theirs. */
export function isReservedLabel(name: string): boolean {
  return /^(?:io\.keelson|com\.docker\.compose)\./i.test(name);
}
