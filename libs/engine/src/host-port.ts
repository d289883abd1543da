import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import type { PublishedPort } from "@keelson/model";

import { textOf } from "./json-reader.ts";

/** Of an entry of `Ports` in the engine's list of containers. */
interface ListedPort {
  IP?: unknown;
  PublicPort?: unknown;
  Type?: unknown;
}

/** Whether a container that publishes the one has the other. */
export function publishes(published: ListedPort, port: PublishedPort): boolean {
  return (
    published.PublicPort === port.port &&
    published.Type === port.protocol &&
    addressesMeet(textOf(published.IP), port.hostIp)
  );
}

/** Two programs cannot both have a port on one address, nor on all addresses of a family and on one of them. */
function addressesMeet(a: string, b: string): boolean {
  if (a === "" || b === "" || a === b) return true;
  if (a.includes(":") !== b.includes(":")) return false;
  return [a, b].some((address) => address === "0.0.0.0" || address === "::");
}

/** Two agents that try a port at the same time take it from each other for an instant. */
const secondTryMs = 30;

/**
 * Whether another program of this machine holds a port. Only a port in use counts: a port that this process may not open
 * (EACCES), or an address that the machine does not have, is no evidence of another program.
 */
export async function isPortTaken(port: PublishedPort): Promise<boolean> {
  if (!(await isTakenNow(port))) return false;
  await sleep(secondTryMs);
  return await isTakenNow(port);
}

async function isTakenNow({ hostIp, port, protocol }: PublishedPort): Promise<boolean> {
  const tryAddress = { tcp: tryTcp, udp: tryUdp }[protocol];
  // Node opens no SCTP port; the start of the service shows whether it is free.
  if (tryAddress === undefined) return false;
  for (const address of hostIp === "" ? ["0.0.0.0", "::"] : [hostIp]) {
    if (await tryAddress(address, port)) return true;
  }
  return false;
}

async function tryTcp(host: string, port: number): Promise<boolean> {
  const server = createServer();
  const error = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    server.once("error", resolve);
    server.listen({ host, port, ipv6Only: host.includes(":"), exclusive: true }, () => resolve(null));
  });
  if (error !== null) return error.code === "EADDRINUSE";
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  return false;
}

async function tryUdp(address: string, port: number): Promise<boolean> {
  const isIpv6 = address.includes(":");
  const socket = createSocket({ type: isIpv6 ? "udp6" : "udp4", ipv6Only: isIpv6 });
  const error = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    socket.once("error", resolve);
    socket.bind({ address, port, exclusive: true }, () => resolve(null));
  });
  await new Promise<void>((resolve) => {
    socket.close(() => resolve());
  });
  return error?.code === "EADDRINUSE";
}
