/** An IP address: the number that its bits are. */
export interface IpAddress {
  family: 4 | 6;
  value: bigint;
}

/** A block of addresses; one address is the block of all its bits. */
export interface Subnet extends IpAddress {
  prefix: number;
}

const bits = { 4: 32, 6: 128 } as const;

/**
 * An address in the one spelling that all programs read alike, or null: four decimal numbers without leading zeros, or
 * groups of hexadecimal digits. Neither `10.1`, `012.0.0.1` nor an IPv4 address inside an IPv6 one.
 */
export function parseAddress(text: string): IpAddress | null {
  const value = text.includes(":") ? parseGroups(text) : parseOctets(text);
  return value === null ? null : { family: text.includes(":") ? 6 : 4, value };
}

/** `ADDRESS/PREFIX`, or null; bits after the prefix are kept, see `isWholeBlock`. */
export function parseSubnet(text: string): Subnet | null {
  const [, start = "", digits = ""] = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
  const address = parseAddress(start);
  const prefix = Number(digits);
  return address === null || digits === "" || prefix > bits[address.family] ? null : { ...address, prefix };
}

/** The block that is one address. */
export function subnetOf(address: IpAddress): Subnet {
  return { ...address, prefix: bits[address.family] };
}

/** Whether no bit is set after the prefix. */
export function isWholeBlock({ family, value, prefix }: Subnet): boolean {
  return value % (1n << BigInt(bits[family] - prefix)) === 0n;
}

export function subnetsOverlap(a: Subnet, b: Subnet): boolean {
  if (a.family !== b.family) return false;
  const shift = BigInt(bits[a.family] - Math.min(a.prefix, b.prefix));
  return a.value >> shift === b.value >> shift;
}

export function isInside(inner: Subnet, outer: Subnet): boolean {
  return inner.prefix >= outer.prefix && subnetsOverlap(inner, outer);
}

export const privateRanges = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"] as const;
const privateBlocks = privateRanges.map((range) => parseSubnet(range)).filter((block) => block !== null);

/** Whether all of a block is for private use (RFC 1918, and RFC 4193 for IPv6). */
export function isPrivate(block: Subnet): boolean {
  return privateBlocks.some((range) => isInside(block, range));
}

/** The subnets that a network's definition names (Compose specification, `ipam.config`). */
export function subnetsOf(definition: Record<string, unknown>): string[] {
  const pools = fieldOf(definition["ipam"], "config");
  return (Array.isArray(pools) ? pools : [])
    .map((pool) => fieldOf(pool, "subnet"))
    .filter((subnet) => typeof subnet === "string");
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null
    ? Object.entries(value).find(([name]) => name === key)?.[1]
    : null;
}

function parseOctets(text: string): bigint | null {
  const octets = text.split(".");
  if (octets.length !== 4 || !octets.every((octet) => /^(0|[1-9]\d{0,2})$/.test(octet))) return null;
  return octets.every((octet) => Number(octet) <= 255) ? joinParts(octets.map(Number), 8) : null;
}

function parseGroups(text: string): bigint | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [before = [], after = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - before.length - after.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const groups = [...before, ...Array.from({ length: missing }, () => "0"), ...after];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null;
  return joinParts(
    groups.map((group) => parseInt(group, 16)),
    16,
  );
}

function joinParts(parts: readonly number[], width: number): bigint {
  return parts.reduce((value, part) => (value << BigInt(width)) | BigInt(part), 0n);
}
