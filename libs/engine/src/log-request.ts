import type { Engine } from "./engine.ts";
import type { OutputStream } from "./frame-reader.ts";
import type { LogTextOptions } from "./log-text.ts";
import { type OwnContainer, type OwnProject, listOwnContainers } from "./own-container.ts";

export interface LogRequest extends Omit<OwnProject, "service"> {
  /** All services of the project when it is empty. */
  services: readonly string[];
  /** Last lines of each container. */
  tail: number | "all";
  /** Goes on with what is written from now on, also by containers that are started or made meanwhile. */
  follow: boolean;
  /** Only what was written since. */
  since?: Date | undefined;
  /** Lines begin with the engine's time. */
  timestamps: boolean;
  /** Ends it, without an error. */
  signal: AbortSignal;
  onLine: (line: LogLine) => void;
}

export interface LogLine {
  service: string;
  /** The container's name. */
  container: string;
  stream: OutputStream;
  /** As the program wrote it, escape sequences too, without the end of line, at most 64 Ki UTF-16 units. */
  text: string;
  /** The first of its stream that was read: of a long line, the engine may have given the end only. */
  isFirst: boolean;
}

/** The containers whose logs are asked for. */
export async function listLogged(
  engine: Engine,
  { services, ...project }: Omit<LogRequest, "onLine">,
): Promise<OwnContainer[]> {
  const containers = await listOwnContainers(engine, project);
  return containers.filter(({ service }) => services.length === 0 || services.includes(service));
}

/** In seconds, as the engine wants it. */
export function sinceOf({ since }: LogRequest): string | null {
  return since === undefined ? null : (since.getTime() / 1_000).toFixed(3);
}

export function lineOf(
  { onLine }: Pick<LogRequest, "onLine">,
  { service, name: container }: OwnContainer,
): LogTextOptions["onLine"] {
  return (stream, text, isFirst) => onLine({ service, container, stream, text, isFirst });
}
