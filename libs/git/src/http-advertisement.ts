import { packetText, readPackets, writePackets } from "./packet-line.ts";

/** All bytes of a body that comes in pieces. */
export async function collect(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * Adds a HEAD to a list of refs (gitprotocol-pack(5)) that has none. isomorphic-git needs one, although it never uses
 * it here. A repository has no HEAD while its default branch is missing, or when it only takes statuses. Any other
 * answer stays as it is.
 */
export async function* withHead(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const bytes = await collect(body);
  const packets = readPackets(bytes);
  const refs = (packets ?? []).flatMap((packet) => {
    const [, oid, name] = /^([0-9a-f]{40,}) ([^\0]+)/.exec(packetText(packet)) ?? [];
    return oid === undefined ? [] : [{ oid, name }];
  });
  const [first] = refs;
  const isList = first?.name?.startsWith("refs/") === true && packets?.at(-1) === "flush";
  if (isList && !refs.some(({ name }) => name === "HEAD")) {
    yield bytes.subarray(0, -"0000".length);
    yield writePackets([{ text: `${first.oid} HEAD` }, "flush"]);
  } else {
    yield bytes;
  }
}
