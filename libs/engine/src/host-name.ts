import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { type Subnet, parseAddress, subnetOf } from "@keelson/model";

const lookupTimeoutMs = 5_000;

/** All addresses of a host's name, or of an address as it stands in a URL; null when it cannot be found out now. */
export async function findAddresses(host: string): Promise<Subnet[] | null> {
  const name = host.replace(/^\[(.*)\]$/, "$1");
  if (isIP(name) > 0) return blocksOf([name]);
  const end = new AbortController();
  const answer = lookup(name, { all: true }).then(
    (found) => blocksOf(found.map(({ address }) => address)),
    () => null, // whatever the resolver says, nothing is known of the name
  );
  const late = sleep(lookupTimeoutMs, null, { signal: end.signal, ref: false }).catch(() => null);
  const addresses = await Promise.race([answer, late]);
  end.abort();
  return addresses;
}

function blocksOf(addresses: readonly string[]): Subnet[] {
  return addresses.flatMap((text) => {
    // A connection to an IPv4 address in the form of IPv6 goes the way of IPv4 (RFC 4291, 2.5.5.2).
    const address = parseAddress(text.replace(/^::ffff:(?=\d+\.)/i, ""));
    if (address === null) return [];
    const isMapped = address.family === 6 && address.value >> 32n === 0xffffn;
    return [subnetOf(isMapped ? { family: 4, value: address.value & 0xffffffffn } : address)];
  });
}
