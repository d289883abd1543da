import { notGit, tooLong } from "./http-failure.ts";
import { maxPackets, readPacket } from "./packet-line.ts";
import type { Packet } from "./packet-line.ts";
import type { PackReceiver } from "./pack-receiver.ts";

/** Packets as they come, each with its bytes. Throws K2009 for bytes that are no packets, or end inside one. */
export async function* readPacketStream(
  body: AsyncIterable<Uint8Array>,
  name: string,
): AsyncIterableIterator<{ packet: Packet; bytes: Buffer }> {
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of body) {
    held = held.length === 0 ? bufferOf(chunk) : Buffer.concat([held, chunk]);
    let offset = 0;
    for (let found = readPacket(held, offset); found !== "short"; found = readPacket(held, offset)) {
      if (found === "none") throw notGit(name);
      yield { packet: found.packet, bytes: held.subarray(offset, found.end) };
      offset = found.end;
    }
    held = held.subarray(offset);
  }
  if (held.length > 0) throw notGit(name);
}

/** The body unchanged, if it has at most `maxPackets` packets. Throws K2007 for more. */
export async function* limitPackets(
  body: AsyncIterable<Uint8Array>,
  name: string,
): AsyncIterableIterator<Uint8Array> {
  let count = 0;
  for await (const { bytes } of readPacketStream(body, name)) {
    if (++count > maxPackets) {
      throw tooLong(`the server at ${name} answers with more than ${maxPackets} packets`);
    }
    yield bytes;
  }
}

/** In an answer with a pack, each packet begins with the number of its band (gitprotocol-pack(5), "Packfile Data"). */
const packBand = 1;
const progressBand = 2;
/** The largest size of what comes beside a pack: it names some commits. */
const maxSaidBytes = 4 * 1024 * 1024;

/**
 * Gives the pack in the answer to a fetch to the receiver, and yields the rest without the progress, which nobody
 * reads. For isomorphic-git, an answer without a pack is one that brings nothing new.
 */
export async function* divertPack(
  body: AsyncIterable<Uint8Array>,
  { receiver, name }: { receiver: PackReceiver; name: string },
): AsyncIterableIterator<Uint8Array> {
  let saidBytes = 0;
  for await (const { packet, bytes } of readPacketStream(body, name)) {
    const band = Buffer.isBuffer(packet) ? packet[0] : undefined;
    if (band === packBand) await receiver.write(bytes.subarray(5));
    if (band === packBand || band === progressBand) continue;
    saidBytes += bytes.length;
    if (saidBytes > maxSaidBytes) throw notGit(name);
    yield bytes;
  }
}

function bufferOf(chunk: Uint8Array): Buffer {
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}
