/**
 * A packet of Git's protocols: its payload, or the name of a special packet (gitprotocol-v2(5), gitprotocol-pack(5)).
 */
export type Packet = Buffer | "flush" | "delimiter" | "end";

const specials = ["flush", "delimiter", "end"] as const;
const maxPayloadBytes = 65_516;

/** The bytes of text packets, each with the line end that Git gives it, and of special packets. */
export function writePackets(packets: readonly ({ text: string } | "flush" | "delimiter")[]): Buffer {
  return Buffer.concat(
    packets.map((packet) => {
      if (packet === "flush") return Buffer.from("0000");
      if (packet === "delimiter") return Buffer.from("0001");
      const payload = Buffer.from(`${packet.text}\n`);
      if (payload.length > maxPayloadBytes) throw new RangeError("a packet is too long");
      return Buffer.concat([Buffer.from((payload.length + 4).toString(16).padStart(4, "0")), payload]);
    }),
  );
}

/** Each packet costs memory, however short it is. */
export const maxPackets = 250_000;

/** The packets of an answer; null when the bytes are no packets, end inside one, or have more than `maxPackets`. */
export function readPackets(bytes: Buffer): Packet[] | null {
  const packets: Packet[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const found = readPacket(bytes, offset);
    if (typeof found === "string" || packets.length === maxPackets) return null;
    packets.push(found.packet);
    offset = found.end;
  }
  return packets;
}

/** The packet that begins at an offset, and where it ends; `short` while some of it has not come. */
export function readPacket(
  bytes: Buffer,
  offset: number,
): { packet: Packet; end: number } | "short" | "none" {
  const digits = bytes.toString("latin1", offset, offset + 4);
  if (!/^[0-9a-f]*$/i.test(digits)) return "none";
  if (digits.length < 4) return "short";
  const length = Number.parseInt(digits, 16);
  const special = specials[length];
  if (special !== undefined) return { packet: special, end: offset + 4 };
  if (length < 4) return "none";
  const end = offset + length;
  return end > bytes.length ? "short" : { packet: bytes.subarray(offset + 4, end), end };
}

/** A packet's text without its line end; empty for a special packet. */
export function packetText(packet: Packet | undefined): string {
  return Buffer.isBuffer(packet) ? packet.toString("utf8").replace(/\n$/, "") : "";
}
