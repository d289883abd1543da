import type { HttpClient } from "isomorphic-git";
import { stalled } from "@keelson/model";

import { gitError } from "./git-error.ts";
import { collect } from "./http-advertisement.ts";
import type { GitHttpClient } from "./http-client.ts";
import { notGit } from "./http-failure.ts";
import { isObjectId } from "./object-id.ts";
import { fleetLimits } from "./pack-limits.ts";
import { addShallow } from "./shallow.ts";
import { packetText, readPackets, writePackets } from "./packet-line.ts";
import type { Packet } from "./packet-line.ts";

/** A ref and the commit that it is at. */
export interface FoundRef {
  ref: string;
  oid: string;
}

/** A server that lists and sends many refs at once (gitprotocol-v2(5)). */
export interface RefServer {
  /** Lists the refs below the prefixes, in one request. */
  listRefs: (prefixes: readonly string[]) => Promise<FoundRef[]>;
  /** Fetches the commits with their files and without their history into a folder, in one request. */
  fetchCommits: (gitDir: string, oids: readonly string[]) => Promise<void>;
}

const service = "git-upload-pack";

export interface RefServerInput {
  client: GitHttpClient;
  url: string;
}

/**
 * Opens a server of protocol version 2. isomorphic-git itself can fetch only one ref in a request. Throws K2009
 * (stalled) for a server of an older protocol.
 */
export async function openRefServer({ client, url }: RefServerInput): Promise<RefServer> {
  const ask = async (
    rest: string,
    { content, via = client }: { content?: Buffer; via?: HttpClient } = {},
  ) => {
    const headers = { "git-protocol": "version=2", ...(content === undefined ? {} : postHeaders) };
    const method = content === undefined ? "GET" : "POST";
    const body = content === undefined ? {} : { body: oneChunk(content) };
    const answer = await via.request({ url: `${url}${rest}`, method, headers, ...body });
    const packets = readPackets(await collect(answer.body ?? oneChunk(Buffer.alloc(0))));
    if (packets?.at(-1) !== "flush") throw notGit(url);
    return packets;
  };

  const lines = (await client.run(() => ask(`/info/refs?service=${service}`))).map(packetText);
  if (!lines.includes("version 2")) throw tooOld(url);
  const format = lines.filter((line) => line.startsWith("object-format="));
  const write = (command: string, args: readonly string[]) =>
    writePackets([
      ...[`command=${command}`, ...format].map((text) => ({ text })),
      "delimiter",
      ...args.map((text) => ({ text })),
      "flush",
    ]);

  return {
    listRefs: async (prefixes) => {
      const content = write(
        "ls-refs",
        prefixes.map((prefix) => `ref-prefix ${prefix}`),
      );
      const packets = await client.run(() => ask(`/${service}`, { content }));
      // `<oid> SP <ref>`
      const refs = packets
        .filter((packet) => packet !== "flush")
        .map((packet) => packetText(packet).split(" "));
      return refs.flatMap(([oid = "", ref = ""]) => (isObjectId(oid) ? [{ ref, oid }] : []));
    },
    fetchCommits: async (gitDir, oids) => {
      const wants = [...new Set(oids)].map((oid) => `want ${oid}`);
      const content = write("fetch", ["no-progress", "ofs-delta", "deepen 1", ...wants, "done"]);
      const limits = fleetLimits(wants.length);
      await client.receive({ gitDir, limits }, async (receiver) => {
        const packets = await ask(`/${service}`, { content, via: client.divertTo(receiver) });
        const start = packets.findIndex((packet) => packetText(packet) === "packfile");
        if (start < 0 || packets.slice(start + 1).some(isError)) throw notGit(url);
        await addShallow(gitDir, readCut(packets.slice(0, start).map(packetText)));
      });
    },
  };
}

const postHeaders = { "content-type": `application/x-${service}-request` };

async function* oneChunk(content: Buffer): AsyncIterableIterator<Uint8Array> {
  yield await Promise.resolve(content);
}

/** Whether a packet beside the pack is of band 3, in which the server sends errors. */
function isError(packet: Packet): boolean {
  return Buffer.isBuffer(packet) && packet[0] === 3;
}

/** The commits that the server sends without their parents. */
function readCut(lines: readonly string[]): string[] {
  const shallow = lines.filter((line) => line.startsWith("shallow "));
  return shallow.map((line) => line.slice("shallow ".length)).filter(isObjectId);
}

function tooOld(url: string) {
  return gitError("K2009", {
    message: `the server at ${url} does not speak version 2 of Git's protocol`,
    hint: "If there is a proxy before the server, have it pass the header Git-Protocol on; or read the statuses from a clone.",
    outcome: stalled,
  });
}
