import {
  type Ask,
  type DesiredInstance,
  type DesiredNetwork,
  type DesiredNode,
  type DesiredVolume,
  digestBytes,
  digestValue,
} from "@keelson/model";

import { type FolderSketch, folder } from "./folder-fixture.ts";
import { type MountSketch, mount } from "./mount-fixture.ts";
import { type ServiceSketch, serviceOf } from "./service-fixture.ts";

/** Test data. Everything has a sensible default, so that a test says only what it is about. */
export interface InstanceSketch {
  state?: DesiredInstance["state"];
  /** Its own name unless told. */
  package?: string;
  renew?: number;
  /** The instance whose volumes it has. */
  was?: string;
  after?: string[];
  services: Record<string, ServiceSketch>;
  mounts?: MountSketch[];
  grants?: Ask[];
  folders?: FolderSketch[];
  /** Key and definition; one with a slash is the subnet. */
  networks?: Record<string, string>;
  volumes?: Record<string, string>;
}

const environment = "lab";

/** A desired state from sketches by instance name, and the definitions of the environment's networks. */
export function node(
  instances: Record<string, InstanceSketch>,
  networks: Record<string, Partial<DesiredNetwork>> = {},
): DesiredNode {
  const built = Object.entries(instances).map(([name, sketch]) => instance(name, sketch));
  return {
    environment,
    node: "lab-1",
    lockDigest: digestBytes("lock"),
    digest: digestValue({ instances, networks }),
    instances: built.sort((a, b) => (a.name < b.name ? -1 : 1)),
    networks: Object.entries(networks).map(([name, rest]) => ({
      key: name,
      name,
      digest: digestValue(rest.definition ?? {}),
      definition: {},
      ...rest,
    })),
    held: [],
  };
}

export function instance(name: string, sketch: InstanceSketch): DesiredInstance {
  const project = `${environment}-${name}`;
  const owner = `${environment}-${sketch.was ?? name}`;
  const networks = sketch.networks ?? { default: "bridge" };
  const mounts = (sketch.mounts ?? []).map(mount);
  const folders = (sketch.folders ?? []).map(folder);
  const definitions = Object.entries(networks).map(([key, definition]) => ({
    key,
    name: `${project}_${key}`,
    digest: digestBytes(definition),
    definition: definition.includes("/") ? { ipam: { config: [{ subnet: definition }] } } : { definition },
  }));
  return {
    name,
    project,
    package: { reference: `sample/${sketch.package ?? name}`, version: "1.0.0" },
    state: sketch.state ?? "running",
    ...(sketch.renew === undefined ? {} : { renew: sketch.renew }),
    after: sketch.after ?? [],
    services: Object.entries(sketch.services)
      .map(([service, each]) =>
        serviceOf(service, {
          sketch: each,
          services: sketch.services,
          project,
          owner,
          mounts,
          folders: (sketch.folders ?? []).map((each) => ({
            ...folder(each),
            at: each.at ?? `/${each.source}`,
          })),
          networks,
        }),
      )
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    networks: definitions,
    volumes: Object.entries(sketch.volumes ?? {}).map(([key, definition]) => volume(owner, key, definition)),
    mounts,
    folders,
    ...(sketch.was === undefined ? {} : { was: sketch.was }),
    grants: sketch.grants ?? [],
    compose: { name: project, services: {}, networks: {}, volumes: {}, secrets: {}, configs: {} },
  };
}

function volume(...[project, key, definition]: [string, string, string]): DesiredVolume {
  return {
    key,
    name: `${project}_${key}`,
    digest: digestBytes(definition),
    definition: { definition },
    format: null,
    reads: null,
    generation: 1,
  };
}
