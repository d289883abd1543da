import { packetText, readPackets, writePackets } from "./packet-line.ts";

/** The bytes of a body that is handed over in pieces. */
export async function collect(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * A list of refs (gitprotocol-pack(5)) with a HEAD, which isomorphic-git needs and never uses here: a repository has
 * none while its default branch is not there, or where it takes nothing but statuses. Anything else stays as it is.
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
