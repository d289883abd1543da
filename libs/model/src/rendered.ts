import type { EnvironmentNetwork } from "./environment-network.ts";
import type { InstanceState } from "./environment.ts";
import type { Grants } from "./grant.ts";
import type { ImageLock } from "./image-lock.ts";
import type { Problem } from "./problem.ts";
import type { DataVolume, OnChange, Package } from "./package.ts";
import type { SourceFile } from "./source-file.ts";

/** What a node is to have, before Compose has resolved its files. */
export interface RenderedNode {
  environment: string;
  node: string;
  /** Hex digest of the lock's content. */
  lockDigest: string;
  /** The environment's policy: images without a digest are refused. */
  requireDigests: boolean;
  /** The environment's policy: where an instance has problems, the others are applied all the same. */
  partial: boolean;
  /** Every instance that is not to be absent, sorted by name; also what could not be rendered, and what is on other nodes. */
  places: InstancePlace[];
  /** Sorted by name; instances placed on other nodes are not in it. */
  instances: RenderedInstance[];
  /** Those that the environment makes where an instance joins them, by engine name. */
  networks: Record<string, EnvironmentNetwork | null>;
}

/** Where an instance is, known also when nothing else of it can be read. */
export interface InstancePlace {
  name: string;
  /** The Compose project. */
  project: string;
  /** The name that it had before; absent where it never had another. */
  was?: string;
  /** It is to be on other nodes, and not on this one. */
  isElsewhere: boolean;
}

/** What an instance is made of. */
export interface PackageIdentity {
  /** `<release>/<package>`, or `./path` of a local package. */
  reference: string;
  /** The package's own; of a local package the digest of its files. */
  version: string;
  /** Absent for a local package. */
  releaseVersion?: string;
}

export interface RenderedInstance {
  name: string;
  /** All its files are here. Nothing may be made of one that is not whole; Compose and the rest judge it all the same. */
  isWhole: boolean;
  /** The Compose project, `<environment>-<instance>`. */
  project: string;
  package: PackageIdentity & { folder: string };
  state: InstanceState;
  /** Whether what its project has already may be taken over; default not. */
  adopt?: true;
  /** The project of its volumes, which is another one's where the instance `was` another. */
  volumeProject: string;
  /** The instance under whose name its data was made; default its own. */
  was?: string;
  /** The count of `commands.<instance>.renew`; default 0. */
  renew?: number;
  /** Instances of this node that provide what this one requires. */
  after: string[];
  /** Number of containers by service, where the environment says it. */
  scale: Record<string, number>;
  data: Record<string, DataVolume>;
  services: Package["services"];
  update: Package["update"];
  compose: ComposeInput;
  files: RenderedFile[];
  /** What the package's `images.lock.yaml` says, and its path in the repository; absent where it has none. */
  imageLock?: { file: string; images: ImageLock["images"] };
}

/** All that the resolved model of an instance depends on. */
export interface ComposeInput {
  project: string;
  /** The package's folder in the repository. */
  folder: string;
  /** Paths in the package, in the order in which Compose merges them. Relative paths start in the first one's folder. */
  composeFiles: readonly [string, ...string[]];
  /** `package`: nothing outside of the package's folder may be named; `repository`: any file of `packageFiles` may. */
  reach: "package" | "repository";
  /** The files that may be named (templates left out), by path in the repository. */
  packageFiles: readonly SourceFile[];
  /** Read for variables before `variables`, which win; null when there is none. */
  dotenv: SourceFile | null;
  /** Profiles that are active, sorted. */
  profiles: readonly string[];
  /** Where the environment says them, by name; those of `.env` are not among them. */
  profilePlaces: Readonly<Record<string, SaidPlace>>;
  /** What the environment permits the package. */
  allow: Grants | "all";
  /** The published images that the environment names for its services, each once. */
  images: readonly PublishedImage[];
  /** An environment's Compose override for this instance. */
  override: SourceFile | null;
  /** All that may be interpolated, with rendered values. */
  variables: Record<string, string>;
  /** Which of them settings give: these are known where files are read from the repository. */
  settings: readonly string[];
  /** Paths (`to`) of the rendered files: the only things that may be bound. */
  boundPaths: readonly string[];
  /** Rendered files that Compose itself reads (`env_file`), by `to`; secrets are placeholders. */
  renderedFiles: ReadonlyMap<string, Uint8Array>;
  /** What Compose is given in the place of encrypted files of variables, by path in the repository. */
  sealedVariables: ReadonlyMap<string, SealedVariables>;
}

/** An image that counts in place of what the Compose file says, mostly of a `build`. */
export interface PublishedImage {
  service: string;
  image: string;
  /** Where the environment says it. */
  place: SaidPlace;
}

/** The image of a service as its Compose files write it. */
export interface WrittenImage {
  service: string;
  /** With the variables that are given, and with the defaults of others; null where that is not enough. */
  reference: string | null;
  /** Variables that it names and that are not given. */
  open: readonly string[];
  place: SaidPlace;
}

/** Where a document says something. */
export type SaidPlace = Pick<Problem, "file" | "line" | "column" | "path" | "sourceLine">;

/** A file of variables that is encrypted in Git, as Compose is given it. */
export interface SealedVariables {
  /** With placeholders where encrypted values stand. */
  bytes: Uint8Array;
  /** Names of the secrets whose placeholders it holds. */
  secrets: readonly string[];
}

export interface RenderedFile {
  /** Path that compose.yaml binds, without a leading `./`. */
  to: string;
  /** The template's path in the repository, for messages. */
  template: string;
  /** Position of its entry in `files` of package.yaml, for messages. */
  entry: number;
  /** With placeholders where secrets go. */
  content: Uint8Array;
  mode: number;
  owner: { uid: number; gid: number } | null;
  onChange: OnChange;
  writable: boolean;
  /** Names of the secrets whose placeholders it holds. */
  secrets: string[];
}
