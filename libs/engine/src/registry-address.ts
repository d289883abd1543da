import { registryKeyOf } from "./registry-key.ts";

/** Where a registry has an image, by the HTTP API of the OCI distribution specification. */
export interface ImageAddress {
  /** `https://registry.example:5000` */
  origin: string;
  /** `team/app`; an official image of Docker Hub is `library/app`. */
  repository: string;
  tag: string;
}

/** The registry that Docker asks for what is called `docker.io` (docker/cli, `registry.DefaultRegistryHost`). */
const hub = "registry-1.docker.io";

/** Of a reference without a digest. As for Docker, only a registry of this machine is asked without TLS. */
export function addressOf(reference: string): ImageAddress {
  const { host } = registryKeyOf(reference);
  const isNamed = reference.startsWith(`${host}/`) || reference.startsWith("index.docker.io/");
  const path = isNamed ? reference.slice(reference.indexOf("/") + 1) : reference;
  const colon = path.lastIndexOf(":");
  const repository = colon === -1 ? path : path.slice(0, colon);
  const tag = colon === -1 ? "latest" : path.slice(colon + 1);
  if (host !== "docker.io")
    return { origin: `${isOfThisMachine(host) ? "http" : "https"}://${host}`, repository, tag };
  return {
    origin: `https://${hub}`,
    repository: repository.includes("/") ? repository : `library/${repository}`,
    tag,
  };
}

/** Whether a host, with or without a port, is a name or an address of the machine itself. */
export function isOfThisMachine(host: string): boolean {
  const name = host.replace(/:\d+$/, "");
  return name === "localhost" || name === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(name);
}
