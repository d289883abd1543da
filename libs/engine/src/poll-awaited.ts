import type { Awaited } from "@keelson/model";

import { isPortTaken, publishes } from "./host-port.ts";
import { listOf, recordOf, textOf } from "./json-reader.ts";
import { listedName } from "./listed-name.ts";
import { unreadable } from "./poll-error.ts";
import { type PollConnection, askPoll } from "./poll-request.ts";

/** Those of what a round awaits that are there, free or gone by now. Ports of an engine elsewhere are only seen on containers. */
export async function findArrived(
  connection: PollConnection,
  awaits: readonly Awaited[],
): Promise<Awaited[]> {
  const isListed = awaits.some(({ kind }) => kind === "port" || kind === "member");
  const containers = isListed ? await listAll(connection) : [];
  const arrived: Awaited[] = [];
  for (const each of awaits) if (await hasArrived(each, { connection, containers })) arrived.push(each);
  return arrived;
}

type Listed = Record<string, unknown>;

async function listAll(connection: PollConnection): Promise<Listed[]> {
  const what = "list containers";
  const answer = await askPoll(connection, { path: "/containers/json?all=1", what });
  if (!Array.isArray(answer)) throw unreadable(what);
  return answer.map(recordOf);
}

async function hasArrived(
  awaited: Awaited,
  { connection, containers }: { connection: PollConnection; containers: readonly Listed[] },
): Promise<boolean> {
  const isThere = async (path: string) => {
    const what = `tell whether there is ${awaited.kind} ${path}`;
    return (await askPoll(connection, { path, what, mayBeAbsent: true })) !== null;
  };
  if (awaited.kind === "port") {
    const isPublished = containers.some((container) => publishesPort(container, awaited));
    const isLocal = "socketPath" in connection.address;
    return !isPublished && !(isLocal && (await isPortTaken(awaited)));
  }
  if (awaited.kind === "member") return !containers.some((container) => isMember(container, awaited));
  if (awaited.kind === "image") return isThere(`/images/${inPath(awaited.image)}/json`);
  if (awaited.kind === "network") return !(await isThere(`/networks/${inPath(awaited.id)}`));
  return !(await isThere(`/volumes/${inPath(awaited.name)}`));
}

function publishesPort(container: Listed, port: Awaited & { kind: "port" }): boolean {
  return listOf(container["Ports"]).some((published) => publishes(recordOf(published), port));
}

function isMember(container: Listed, { networkId, container: name }: Awaited & { kind: "member" }): boolean {
  const networks = Object.values(recordOf(recordOf(container["NetworkSettings"])["Networks"]));
  return (
    listedName(container) === name &&
    networks.some((network) => textOf(recordOf(network)["NetworkID"]) === networkId)
  );
}

/** A reference of an image has slashes, which stay. */
function inPath(name: string): string {
  return name.split("/").map(encodeURIComponent).join("/");
}
