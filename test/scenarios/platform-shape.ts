import type Docker from "dockerode";
import type {
  Credentials,
  Engine,
  GitRepository,
  GitServer,
  ImageSpec,
  KeelsonOptions,
  ProgramResult,
} from "../support/index.ts";
import type { Status } from "../../libs/model/src/index.ts";
import type { AgentFiles, ConfigChange } from "./agent-config.ts";
import type { ReconcileOptions, Round, RunningAgent } from "./agent-process.ts";
import type { Container } from "./containers.ts";
import type { Report } from "./node-status.ts";
import type { StateRepository } from "./state-repository.ts";
import type { StayingAgent, StayingOptions } from "./staying-agent.ts";

export interface PlatformOptions {
  /**
   * Files of the release `app` 1.0.0 of a small platform, as `-- packages/web/compose.yaml --`; the sample unless told.
   * `IMAGES/name:version` is an image that serves the page `name version` on port 8080 and is loaded by itself, also
   * when a later push names it, unless its name begins with `absent`.
   */
  readonly release?: string;
  /** All files of the state repository, in place of a release; the first node of `nodes` is the one that runs. */
  readonly files?: Readonly<Record<string, string>>;
  /** Unique unless told: a name that begins with another platform's has to be made from that. */
  readonly name?: string;
  /** Of a small platform: put over what environment.yaml has by itself, an instance of each package. */
  readonly environment?: Readonly<Record<string, unknown>>;
  /** Of a small platform: documents of nodes without their names; the first node is the one that runs. */
  readonly nodes?: Readonly<Record<string, object>>;
  /** Secrets of the node by release and name. */
  readonly secrets?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** A private engine, or one that goes with the platform, where the test stops it; the shared one unless told. */
  readonly engine?: Engine | "own";
  /** Images that are not the usual ones, by `name:version`. */
  readonly images?: Readonly<Record<string, Omit<ImageSpec, "tag">>>;
  /** With them the Git server asks for basic authentication; the agent has them in a file. */
  readonly credentials?: Credentials;
  /** The agent has a monitor at `monitorSocket`, and this of its settings beside. */
  readonly monitor?: Readonly<Record<string, unknown>>;
  /** More of agent.yaml. */
  readonly agent?: Readonly<Record<string, unknown>>;
}

export interface Platform extends AsyncDisposable, StateRepository, AgentFiles {
  /** A unique name, which begins the names of all Compose projects. */
  readonly environment: string;
  readonly node: string;
  /** Compose project of an instance. */
  project(instance: string): string;
  /** `name:version` as the engine knows it. */
  image(tag: string): string;
  readonly docker: Docker;
  /** Its private engine; throws where it uses the shared one. */
  engine(): Engine;
  /** undefined: the standard socket. */
  readonly dockerHost: string | undefined;
  readonly server: GitServer;
  /** A clone of the state repository, as somebody works in it. */
  readonly repository: GitRepository;
  /** Of documents in the repository. */
  readonly paths: { readonly environment: string; readonly lock: string; readonly node: string };
  /** Files of this node outside of Git, which go with the platform. */
  readonly folder: string;
  /** The port that the sample publishes. */
  readonly port: number;
  /** Changes agent.yaml, or makes another file of it; returns the path. */
  configure(change: ConfigChange, as?: string): Promise<string>;
  /** One round of the real agent, to its end. */
  reconcile(options?: ReconcileOptions): Promise<Round>;
  /** Starts a round and returns while it runs. */
  startRound(options?: ReconcileOptions): RunningAgent;
  /** Starts an agent that stays. */
  startAgent(options?: StayingOptions): StayingAgent;
  /** What the node says of itself, in its state folder; rejects where it has said nothing yet. */
  status(): Promise<Status>;
  /** What it said last in Git: in the state repository, or another one of the server. */
  report(repository?: string): Promise<Report>;
  /** The real command in the work tree of the repository. */
  keelson(args: readonly string[], options?: KeelsonOptions): Promise<ProgramResult>;
  /** All containers of this environment's projects, ours or not. */
  containers(): Promise<Container[]>;
  /** The one container of `instance/service`; throws when there is none or more than one. */
  container(name: string): Promise<Container>;
  /** Cases share a platform: what Keelson started again in those before is no habit of the next one (K3037). */
  forgetStarts(): void;
  /** Kills the container of `instance/service`, as somebody does by hand; returns it as it was. A job that ends with 0 would be done. */
  stop(name: string): Promise<Container>;
  /** Output of a command in the container of `instance/service`. */
  exec(name: string, ...command: string[]): Promise<string>;
  /** The body of a page of the sample's published port. */
  page(path: string): Promise<string>;
  /** The body of a page of the container of `instance/service`, by its address. */
  pageOf(name: string, path?: string): Promise<string>;
  /** Comes when that page is as wanted: a program that was told something need not have done it yet. */
  untilPage(name: string, page: { readonly path: string; readonly is: string }): Promise<void>;
  /** Keeps what helps to understand a failure; returns the folder. */
  keepArtefacts(): Promise<string>;
}
