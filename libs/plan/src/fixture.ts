import {
  type DependencyCondition,
  type DesiredFile,
  type DesiredInstance,
  type DesiredMount,
  type DesiredNode,
  type DesiredService,
  type DesiredVolume,
  type MountLayout,
  type ObservedContainer,
  type ObservedInstanceFiles,
  type OnChange,
  type StoreFault,
  digestBytes,
  digestValue,
  emptyRecord,
  widestWaits,
} from "@keelson/model";

import { formatPlan } from "./format-plan.ts";
import { describeApplied } from "./instance-order.ts";
import { type PlanInput, planChanges } from "./plan-changes.ts";
import { emptyObserved, simulate } from "./simulate.ts";
import type { SimulatedNode } from "./simulated-node.ts";

/** Test data. Everything has a sensible default, so that a test says only what it is about. */
export interface ServiceSketch {
  image?: string;
  replicas?: number;
  oneShot?: boolean;
  healthcheck?: boolean;
  /** `db` is `service_started`; `db:healthy`, `db:completed`; a `!` at the end asks for restarts with it. */
  dependsOn?: string[];
  sharesWith?: string[];
  /** Keys of the instance's networks, or whole names of another's (with a `_`). */
  networks?: string[];
  volumes?: string[];
  ports?: number[];
  /** Anything else that a container is made of. */
  environment?: string;
}

export interface FileSketch {
  to: string;
  content?: string;
  onChange?: OnChange;
  secrets?: string[];
}

export interface MountSketch {
  /** Default: the folder of the first file. */
  source?: string;
  services: string[];
  files: FileSketch[];
  writable?: boolean;
}

export interface InstanceSketch {
  state?: DesiredInstance["state"];
  after?: string[];
  services: Record<string, ServiceSketch>;
  mounts?: MountSketch[];
  /** Key and definition; one with a slash is the subnet. */
  networks?: Record<string, string>;
  volumes?: Record<string, string>;
}

export const environment = "lab";

/** What an instance's files look like when they could not be seen, or not all that is beside them. */
export function unseen(hides: StoreFault["hides"]): Partial<ObservedInstanceFiles> {
  const code = hides === "files" ? "K4003" : "K4009";
  const fault = { hides, code, message: "it could not be seen", hint: "Look at it." };
  return hides === "files" ? { files: {}, others: [], applied: null, fault } : { fault };
}

/** A desired state from sketches by instance name. */
export function node(instances: Record<string, InstanceSketch>): DesiredNode {
  const built = Object.entries(instances).map(([name, sketch]) => instance(name, sketch));
  return {
    environment,
    node: "lab-1",
    lockDigest: digestBytes("lock"),
    digest: digestValue(instances),
    instances: built.sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

export function instance(name: string, sketch: InstanceSketch): DesiredInstance {
  const project = `${environment}-${name}`;
  const networks = sketch.networks ?? { default: "bridge" };
  const mounts = (sketch.mounts ?? []).map(mount);
  const definitions = Object.entries(networks).map(([key, definition]) => ({
    key,
    name: `${project}_${key}`,
    digest: digestBytes(definition),
    definition: definition.includes("/") ? { ipam: { config: [{ subnet: definition }] } } : { definition },
  }));
  return {
    name,
    project,
    package: { release: "sample", name, version: "1.0.0" },
    state: sketch.state ?? "running",
    after: sketch.after ?? [],
    services: Object.entries(sketch.services)
      .map(([service, each]) => serviceOf(service, { sketch: each, project, mounts, networks }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    networks: definitions,
    volumes: Object.entries(sketch.volumes ?? {}).map(([key, definition]) =>
      volume(project, key, definition),
    ),
    mounts,
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

function serviceOf(
  name: string,
  on: {
    sketch: ServiceSketch;
    project: string;
    mounts: readonly DesiredMount[];
    networks: Record<string, string>;
  },
): DesiredService {
  const { sketch, project } = on;
  const networks = sketch.sharesWith === undefined ? (sketch.networks ?? Object.keys(on.networks)) : [];
  const fullName = (key: string) => (key.includes("_") ? key : `${project}_${key}`);
  const image = sketch.image ?? `${name}:1.0`;
  const parts: Record<string, string> = { image };
  if (sketch.environment !== undefined) parts["environment"] = digestBytes(sketch.environment);
  if (networks.length > 0) {
    parts["networks"] = digestValue(networks.map((key) => [fullName(key), on.networks[key] ?? ""]));
  }
  if (sketch.ports !== undefined) parts["ports"] = digestValue(sketch.ports);
  for (const { layout, services, files } of on.mounts) {
    if (layout !== "content" || !services.includes(name)) continue;
    for (const file of files) parts[`file ${file.to}`] = file.digest;
  }
  return {
    name,
    image,
    digests: [{ algorithm: "v1", digest: digestValue(parts), parts }],
    replicas: sketch.replicas ?? 1,
    oneShot: sketch.oneShot ?? false,
    hasHealthcheck: sketch.healthcheck ?? false,
    trialMs: 60_000,
    stopGraceMs: null,
    dependsOn: (sketch.dependsOn ?? []).map(dependency),
    sharesWith: sketch.sharesWith ?? [],
    networks: networks.map(fullName).sort(),
    volumes: (sketch.volumes ?? []).map(fullName).sort(),
    ports: (sketch.ports ?? []).map((port) => ({ hostIp: "", port, protocol: "tcp" })),
  };
}

function dependency(text: string): DesiredService["dependsOn"][number] {
  const [service = "", condition = ""] = text.replace("!", "").split(":");
  const conditions: Record<string, DependencyCondition> = {
    healthy: "service_healthy",
    completed: "service_completed_successfully",
  };
  return {
    service,
    condition: conditions[condition] ?? "service_started",
    restart: text.endsWith("!"),
  };
}

export function mount(sketch: MountSketch): DesiredMount {
  const sorted = sketch.files.map(file).sort((a, b) => (a.to < b.to ? -1 : 1));
  const [first] = sorted;
  const source = sketch.source ?? (first?.to ?? "").replace(/\/[^/]*$/, "");
  const kind = first?.to === source ? "file" : "folder";
  const layout = layoutOf(first?.onChange ?? "recreate");
  const files = sorted.map((each) => ({
    ...each,
    path: kind === "file" ? each.path : each.to.slice(source.length + 1),
  }));
  // As rendered: equal files of equal names lie in one place, whatever they are bound by.
  const digest = digestValue(files.map((each) => [each.path, each.digest])).slice(0, 8);
  return {
    source,
    kind,
    layout,
    writable: sketch.writable ?? false,
    target: layout === "content" ? `files/${digest}/${source.split("/").at(-1)}` : `live/${source}`,
    files,
    services: [...sketch.services].sort(),
  };
}

function layoutOf(onChange: OnChange): MountLayout {
  if (onChange === "recreate") return "content";
  return onChange === "restart" ? "live" : "data";
}

export function file(sketch: FileSketch): DesiredFile {
  const content = new TextEncoder().encode(sketch.content ?? `content of ${sketch.to}`);
  const mode = 0o644;
  const contentDigest = digestBytes(content);
  return {
    to: sketch.to,
    path: sketch.to.split("/").at(-1) ?? "",
    content,
    contentDigest,
    digest: digestValue({ contentDigest, mode, owner: null }),
    secrets: sketch.secrets ?? [],
    mode,
    owner: null,
    onChange: sketch.onChange ?? "recreate",
  };
}

/** A container that somebody made; with nothing said it carries no label that we know. */
export function container(name: string, fields: Partial<ObservedContainer> = {}): ObservedContainer {
  return {
    id: `id of ${name}`,
    name,
    ownership: "foreign",
    project: "",
    service: "",
    instance: "",
    digest: "",
    image: "other:1.0",
    imageId: "image of other:1.0",
    state: "running",
    health: "none",
    exitCode: 0,
    networks: [],
    binds: [],
    writableBinds: [],
    volumes: [],
    startedAt: "",
    ...fields,
  };
}

/** A node that was brought to this desired state, and remembers it. */
export function applied(desired: DesiredNode): SimulatedNode {
  const before = { desired, observed: emptyObserved, record: emptyRecord };
  const after = simulate(before, planOf(before).operations);
  return {
    desired,
    ...after,
    record: {
      ...after.record,
      applied: {
        commit: "1111111",
        desiredDigest: desired.digest,
        lockDigest: desired.lockDigest,
        appliedAt: "2026-11-20T07:00:00Z",
        ...describeApplied(desired),
      },
    },
  };
}

/** The same node with something about it changed; the original stays as it is. */
export function changed(before: SimulatedNode, change: (copy: SimulatedNode) => void): SimulatedNode {
  const copy = structuredClone(before);
  change(copy);
  return copy;
}

/** Our container of a service, by `<project>/<service>`. */
export function containerOf({ observed }: SimulatedNode, name: string): ObservedContainer {
  const found = observed.containers.find(
    (each) => `${each.project}/${each.service}` === name && each.ownership === "ours",
  );
  if (found === undefined) throw new Error(`no container of ${name}`);
  return found;
}

/** After all of its plan. */
export function simulated(before: SimulatedNode): SimulatedNode {
  return { ...before, ...simulate(before, planOf(before).operations) };
}

/** For tests that take away more of their small node than a mistake may. */
export const permitted = { allowMassRemoval: true };

export function planOf(input: Omit<PlanInput, "policy"> & { policy?: Partial<PlanInput["policy"]> }) {
  const policy = { allowMassRemoval: false, waits: widestWaits, ...input.policy };
  return planChanges({ ...input, policy });
}

export function planText(input: Parameters<typeof planOf>[0]): string {
  return formatPlan(planOf(input));
}
