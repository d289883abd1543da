import { readFile } from "node:fs/promises";
import { findBusybox } from "../../script/image-archive.ts";
import { claimName } from "./claim.ts";
import { codeOf } from "./foreign-error.ts";
import { outputOf, runProgram } from "./program.ts";

export interface AddressPool extends AsyncDisposable {
  /** A /18 network: room for 64 Docker networks of /24, of which the bridge has the first. */
  readonly base: string;
  /** The name of the bridge for the engine's default network. */
  readonly bridge: string;
}

const poolCount = 256;

/**
 * Claims one of 256 parts of 10.192.0.0/10 for a private engine, so that engines of parallel tests, also in other
 * processes, do not make networks with the same addresses, and makes a bridge in it. Disposing it removes every
 * bridge that lies in the part; what a killed owner left is removed by the next one.
 *
 * An engine needs a bridge of its own because one started with `--bridge none` deletes `docker0`, whoever's it is.
 */
export async function claimAddressPool(): Promise<AddressPool> {
  const first = process.pid % poolCount;
  for (let step = 0; step < poolCount; step += 1) {
    const number = (first + step) % poolCount;
    const release = await claim(number);
    if (release === undefined) continue;
    const pool = {
      base: `${firstAddress(number)}/18`,
      bridge: `keelson-${number}`,
      [Symbol.asyncDispose]: async () => {
        await removeBridges(number);
        await forgetForwarding(number);
        await release();
      },
    };
    await removeBridges(number);
    await permitForwarding(number);
    await ip("link", "add", "name", pool.bridge, "type", "bridge");
    await ip("address", "add", `${firstAddress(number).replace(/0$/, "1")}/24`, "dev", pool.bridge);
    await ip("link", "set", pool.bridge, "up");
    return pool;
  }
  throw new Error(`all ${poolCount} address pools for private engines are taken`);
}

/** Removes the bridges that killed processes left in pools which nobody claims now. */
export async function clearAddressPools(): Promise<void> {
  for (const number of new Set((await listBridges()).map((bridge) => bridge.pool))) {
    const release = await claim(number);
    if (release === undefined) continue;
    await removeBridges(number);
    await forgetForwarding(number);
    await release();
  }
}

async function claim(number: number): Promise<(() => Promise<void>) | undefined> {
  return claimName(`address-pool-${number}`);
}

function firstAddress(number: number): string {
  return `10.${192 + (number >> 2)}.${(number & 3) << 6}.0`;
}

async function removeBridges(number: number): Promise<void> {
  for (const { name, pool } of await listBridges()) {
    if (pool === number) await ip("link", "delete", name);
  }
}

/** The bridges of private engines, and of networks in them, by the route that each has. */
async function listBridges(): Promise<{ name: string; pool: number }[]> {
  const routes = (await readFile("/proc/net/route", "utf8")).split("\n");
  return routes.flatMap((route) => {
    const [name = "", destination = ""] = route.split("\t");
    if (!/^(keelson|br)-/.test(name)) return [];
    // The kernel prints an address as a hexadecimal number of the machine's byte order: little-endian here.
    const [, third = 0, second = 0, first = 0] = Buffer.from(destination, "hex");
    return first === 10 && second >= 192 ? [{ name, pool: ((second - 192) << 2) | (third >> 6) }] : [];
  });
}

/**
 * Lets containers of one private engine reach each other: the machine's own engine sets the policy of FORWARD to drop,
 * and with its bridge module loaded that holds for what passes along any bridge.
 */
async function permitForwarding(number: number): Promise<void> {
  await forgetForwarding(number);
  await iptables("--insert", ...forwardingRule(number));
}

async function forgetForwarding(number: number): Promise<void> {
  let isThere = true;
  while (isThere) isThere = await iptables("--delete", ...forwardingRule(number));
}

function forwardingRule(number: number): string[] {
  const pool = `${firstAddress(number)}/18`;
  return ["FORWARD", "--source", pool, "--destination", pool, "--jump", "ACCEPT"];
}

/** False when iptables refuses, as it does to delete what is not there; a machine without it filters nothing. */
async function iptables(...args: string[]): Promise<boolean> {
  const env = { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };
  try {
    return (await runProgram(["iptables", "--wait", ...args], { env })).exitCode === 0;
  } catch (error) {
    if (error instanceof Error && codeOf(error.cause) === "ENOENT") return false;
    throw error;
  }
}

/** busybox's `ip`, because not every machine has iproute2. */
async function ip(...args: string[]): Promise<void> {
  await outputOf([findBusybox(), "ip", ...args]);
}
