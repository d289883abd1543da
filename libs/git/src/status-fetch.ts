import * as fs from "node:fs";
import { createHash } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { indexPack } from "isomorphic-git";
import { stalled } from "@keelson/model";

import { DamageError, gitError, isSystemError } from "./git-error.ts";
import type { GitHttpClient } from "./http-client.ts";
import { isObjectId } from "./local-copy.ts";
import { packetText, readPackets, writePackets } from "./packet-line.ts";
import type { Packet } from "./packet-line.ts";

/** A ref and the commit that it is at. */
export interface FoundRef {
  ref: string;
  oid: string;
}

/** A server that answers about many refs at once (gitprotocol-v2(5)). */
export interface RefServer {
  /** Refs below the prefixes, in one request. */
  listRefs: (prefixes: readonly string[]) => Promise<FoundRef[]>;
  /** Brings the commits with their files and without their history into a folder, in one request. */
  fetchCommits: (gitDir: string, oids: readonly string[]) => Promise<void>;
}

const service = "git-upload-pack";

export interface RefServerInput {
  client: GitHttpClient;
  url: string;
}

/**
 * Opens a server of protocol version 2: isomorphic-git fetches one ref for a request, and of others than branches only
 * that. Throws K2009, stalled, for a server of an older protocol.
 */
export async function openRefServer({ client, url }: RefServerInput): Promise<RefServer> {
  const ask = async (rest: string, content?: Buffer): Promise<Packet[]> =>
    await client.run(async () => {
      const headers = { "git-protocol": "version=2", ...(content === undefined ? {} : postHeaders) };
      const method = content === undefined ? "GET" : "POST";
      const body = content === undefined ? {} : { body: oneChunk(content) };
      const answer = await client.request({ url: `${url}${rest}`, method, headers, ...body });
      const chunks: Uint8Array[] = [];
      for await (const chunk of answer.body ?? []) chunks.push(chunk);
      const packets = readPackets(Buffer.concat(chunks));
      if (packets?.at(-1) !== "flush") throw notGit(url);
      return packets;
    });

  const lines = (await ask(`/info/refs?service=${service}`)).map(packetText);
  if (!lines.includes("version 2")) throw tooOld(url);
  const format = lines.filter((line) => line.startsWith("object-format="));
  const command = (name: string, args: readonly string[]) =>
    ask(
      `/${service}`,
      writePackets([
        ...[`command=${name}`, ...format].map((text) => ({ text })),
        "delimiter",
        ...args.map((text) => ({ text })),
        "flush",
      ]),
    );

  return {
    listRefs: async (prefixes) => {
      const packets = await command(
        "ls-refs",
        prefixes.map((prefix) => `ref-prefix ${prefix}`),
      );
      // `<oid> SP <ref>`
      const refs = packets
        .filter((packet) => packet !== "flush")
        .map((packet) => packetText(packet).split(" "));
      return refs.flatMap(([oid = "", ref = ""]) => (isObjectId(oid) ? [{ ref, oid }] : []));
    },
    fetchCommits: async (gitDir, oids) => {
      const wants = [...new Set(oids)].map((oid) => `want ${oid}`);
      const packets = await command("fetch", ["no-progress", "ofs-delta", "deepen 1", ...wants, "done"]);
      await install(gitDir, { url, packets });
    },
  };
}

const postHeaders = { "content-type": `application/x-${service}-request` };

async function* oneChunk(content: Buffer): AsyncIterableIterator<Uint8Array> {
  yield await Promise.resolve(content);
}

/** Sections with a name each; the pack's packets begin with the number of their band, 1 for the pack itself. */
async function install(gitDir: string, answer: { url: string; packets: readonly Packet[] }): Promise<void> {
  const { url, packets } = answer;
  const start = packets.findIndex((packet) => packetText(packet) === "packfile");
  if (start < 0) throw notGit(url);
  const bands = packets.slice(start + 1).filter((packet) => Buffer.isBuffer(packet));
  if (bands.some((band) => band[0] === 3)) throw notGit(url);
  const pack = Buffer.concat(bands.filter((band) => band[0] === 1).map((band) => band.subarray(1)));
  const sum = pack.subarray(-20);
  const isWhole = createHash("sha1").update(pack.subarray(0, -20)).digest().equals(sum);
  if (!isWhole)
    throw new DamageError({ message: `the pack of the server at ${url} is damaged`, cause: undefined });
  await addCutCommits(gitDir, packets.slice(0, start).map(packetText));
  const folder = join(gitDir, "objects", "pack");
  const name = `pack-${sum.toString("hex")}`;
  await writeFile(join(folder, `incoming-${name}.pack`), pack);
  await rename(join(folder, `incoming-${name}.pack`), join(folder, `${name}.pack`));
  // Until its index is there, nothing reads the pack.
  await indexPack({ fs, dir: folder, gitdir: gitDir, filepath: `${name}.pack` });
}

/** So that Git itself would not miss the parents of what was fetched (gitrepository-layout(5), shallow). */
async function addCutCommits(gitDir: string, lines: readonly string[]): Promise<void> {
  const path = join(gitDir, "shallow");
  const before = await readFile(path, "utf8").catch((error: unknown) => {
    if (isSystemError(error) && error.code === "ENOENT") return "";
    throw error;
  });
  const cut = lines
    .filter((line) => line.startsWith("shallow "))
    .map((line) => line.slice("shallow ".length));
  const all = new Set([...before.split("\n"), ...cut].filter(isObjectId));
  await writeFile(path, [...all].map((oid) => `${oid}\n`).join(""));
}

function notGit(url: string) {
  return gitError("K2009", { message: `the server at ${url} answers something that is not Git's protocol` });
}

function tooOld(url: string) {
  return gitError("K2009", {
    message: `the server at ${url} does not speak version 2 of Git's protocol`,
    hint: "See that a proxy before the server passes the header Git-Protocol on, or read the statuses from a clone.",
    outcome: stalled,
  });
}
