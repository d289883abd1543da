import {
  type HeldSubnet,
  compareText,
  isInside,
  labels,
  parseSubnet,
  registryOf,
  subnetsOverlap,
} from "@keelson/model";
import type { NetworkInspectInfo } from "dockerode";

import type { Engine } from "./engine.ts";
import { findAddresses } from "./host-name.ts";
import { type UsedBlock, readUsedBlocks } from "./host-route.ts";
import { labelOf } from "./ownership.ts";

/** A network that is desired with subnets of its own. */
export interface DesiredSubnets {
  /** Name in the engine, and the digest of the definition. */
  network: string;
  digest: string;
  subnets: readonly string[];
}

/** A host that this node logs in to. */
export interface RemoteHost {
  host: string;
  /** Whether a name without an address blocks new subnets; a name that only ssh knows does not. */
  mustResolve: boolean;
}

interface Question {
  subnets: readonly DesiredSubnets[];
  /** All that the engine has. */
  networks: readonly NetworkInspectInfo[];
  remotes: readonly RemoteHost[];
  /** References of desired images: their registries are hosts that this node logs in to. */
  images: readonly string[];
}

/**
 * Subnets of networks that have yet to be made, or made anew, and that overlap with something: another network of the
 * engine, this machine's addresses and routes, or a host that it logs in to. Without such networks nothing is read. What
 * cannot be found out is `unknown`. Of an engine elsewhere only its networks are known.
 */
export async function findHeldSubnets(engine: Engine, question: Question): Promise<HeldSubnet[]> {
  const missing = question.subnets.filter(
    ({ network, digest }) => !isMade(question.networks, { network, digest }),
  );
  const wanted = missing.flatMap(({ network, subnets }) =>
    subnets.flatMap((subnet) => {
      const block = parseSubnet(subnet);
      return block === null ? [] : [{ network, subnet, block }];
    }),
  );
  if (wanted.length === 0) return [];
  const { used, unknown } = engine.isLocal ? await findUsed(question) : { used: [], unknown: null };
  return wanted.flatMap(({ network, subnet, block }): HeldSubnet[] => {
    const others = networkBlocks(question.networks).filter(({ name }) => name !== network);
    const other = others.find((each) => subnetsOverlap(each.block, block));
    const holder = (other ?? used.find((each) => subnetsOverlap(each.block, block)))?.what ?? null;
    if (holder === null && unknown === null) return [];
    return [
      {
        network,
        subnet,
        holder,
        ...(other === undefined ? {} : { holderNetwork: { id: other.id, name: other.name } }),
        unknown: holder === null ? unknown : null,
      },
    ];
  });
}

function isMade(
  networks: readonly NetworkInspectInfo[],
  { network, digest }: Pick<DesiredSubnets, "network" | "digest">,
): boolean {
  return networks.some(
    ({ Name: name, Labels: all }) => name === network && labelOf(all ?? {}, labels.digest) === digest,
  );
}

interface NetworkBlock extends UsedBlock {
  id: string;
  name: string;
}

function networkBlocks(networks: readonly NetworkInspectInfo[]): NetworkBlock[] {
  return networks
    .toSorted((a, b) => compareText(a.Name, b.Name))
    .flatMap(({ Id: id, Name: name, IPAM: pools, Options: options }) =>
      (pools?.Config ?? []).flatMap(({ Subnet: subnet = "" }) => {
        const block = parseSubnet(subnet);
        // The engine's own name for the bridge of a network (bridge_linux.go of libnetwork).
        const device = options?.["com.docker.network.bridge.name"] ?? `br-${id.slice(0, 12)}`;
        return block === null
          ? []
          : [{ id, name, block, device, what: `the engine's network ${name} (${subnet})` }];
      }),
    );
}

/** What this machine uses besides the engine's networks; `unknown` says what of it could not be found out. */
async function findUsed(question: Question): Promise<{ used: UsedBlock[]; unknown: string | null }> {
  const [own, remote] = await Promise.all([findOwn(question), findRemote(question)]);
  return { used: [...own.used, ...remote.used], unknown: own.unknown ?? remote.unknown };
}

async function findOwn({ networks }: Question): ReturnType<typeof findUsed> {
  const bridges = networkBlocks(networks);
  const isOfBridge = ({ block, device }: UsedBlock) =>
    bridges.some((bridge) => bridge.device === device && isInside(block, bridge.block));
  try {
    return { used: (await readUsedBlocks()).filter((each) => !isOfBridge(each)), unknown: null };
  } catch (error) {
    return { used: [], unknown: `the node's routes cannot be read (${String(error)})` };
  }
}

async function findRemote({ remotes, images }: Question): ReturnType<typeof findUsed> {
  const registries = new Set(images.flatMap((image) => registryOf(image)?.replace(/:\d+$/, "") ?? []));
  const hosts = [...remotes, ...[...registries].map((host) => ({ host, mustResolve: false }))];
  const found = await Promise.all(
    hosts.map(async (remote) => ({ ...remote, blocks: await findAddresses(remote.host) })),
  );
  const lost = found.find(({ blocks, mustResolve }) => blocks === null && mustResolve);
  return {
    used: found.flatMap(({ host, blocks }) =>
      (blocks ?? []).map((block) => ({ block, device: "", what: `${host}, which this node logs in to` })),
    ),
    unknown:
      lost === undefined
        ? null
        : `the address of ${lost.host}, which this node logs in to, cannot be found out now`,
  };
}
