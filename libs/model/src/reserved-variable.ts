/** Read by the programs of Docker (docs.docker.com/reference/cli/docker). Many people give their own variables names that begin alike. */
const ofDocker =
  /^DOCKER_(?:API_VERSION|AUTH_CONFIG|BUILDKIT|CERT_PATH|CONFIG|CONTEXT|CUSTOM_HEADERS|DEFAULT_PLATFORM|HIDE_LEGACY_COMMANDS|HOST|TLS|TLS_VERIFY|(?:BUILD|CLI|CONTENT_TRUST)(?:_.*)?)$/;

/**
 * Variables that would steer Compose, that Keelson sets for it, or that Compose sets itself whatever is declared: PWD is
 * the folder that it was started in. All names of `COMPOSE_` are Compose's, also those of later versions.
 */
export function isReservedVariable(name: string): boolean {
  return name.startsWith("COMPOSE_") || ofDocker.test(name) || name === "HOME" || name === "PWD";
}
