import { type EnginePoll, type PolledContainer, openEnginePoll } from "@keelson/engine/poll";
import { type RefPoll, openRefPoll } from "@keelson/git/poll";

import type { Log } from "./log-event.ts";
import { type Follow, type RoundReport, fingerprintOf } from "./round-report.ts";

const engineTimeoutMs = 30_000;

/** The reason that may come again and again from one container that does not settle. */
export const containersChanged = "containers changed";

export interface LookInput {
  log: Log;
  onPollFailure: (of: "git" | "engine") => void;
}

/** One branch and one engine, asked again and again: one request to each, on kept connections. */
export interface Look extends LookInput {
  /** null: this kind of source cannot be asked without Git's own program. */
  git: RefPoll | null;
  engine: EnginePoll;
  environment: string;
  isClosed: boolean;
  isGitAway: boolean;
  /** A poll that is under way: there is one at a time. */
  asking: Promise<string | null> | null;
  /** What the last look showed; null when the engine did not answer. */
  containers: readonly PolledContainer[] | null;
  /** Reasons for which a round was asked already, and which are still there. */
  answered: Set<string>;
}

export function openLook(follow: Follow, on: LookInput): Look {
  const { git, environment, dockerHost } = follow;
  const engine = openEnginePoll({
    timeoutMs: engineTimeoutMs,
    ...(dockerHost === undefined ? {} : { dockerHost }),
  });
  return {
    ...on,
    git: /^https?:\/\//i.test(git.url) ? openRefPoll(git) : null,
    engine,
    environment,
    isClosed: false,
    isGitAway: false,
    asking: null,
    containers: null,
    answered: new Set(),
  };
}

export function closeLook(look: Look): void {
  look.isClosed = true;
  look.git?.close();
  look.engine.close();
}

/**
 * Why a round is needed; null when everything is as the last round left it. What a round could not take away is no news:
 * its back-off says when the next one comes. Only containers may ask again and again, after a rest.
 */
export async function findNews(
  look: Look,
  { report, isFirst }: { report: RoundReport; isFirst: boolean },
): Promise<string | null> {
  const { containers: before } = look;
  const [commit, now] = await Promise.all([askGit(look), askEngine(look)]);
  look.containers = now;
  const isMoved = commit !== null && commit !== report.commit;
  const reasons = [
    ...(isMoved ? [`commit ${commit.slice(0, 8)}`] : []),
    ...engineReasons(now, { report, before: (isFirst ? now : before) ?? [] }),
  ];
  look.answered = new Set([...look.answered].filter((reason) => reasons.includes(reason)));
  const news = reasons.find((reason) => !look.answered.has(reason)) ?? null;
  if (news !== null && news !== containersChanged) look.answered.add(news);
  return news;
}

function engineReasons(
  now: readonly PolledContainer[] | null,
  on: { report: RoundReport; before: readonly PolledContainer[] },
): string[] {
  const { containers } = on.report;
  if (now === null) return containers === null ? [] : ["the engine does not answer"];
  if (containers === null) return ["the engine answers again"];
  return differs(now, { containers, before: on.before }) ? [containersChanged] : [];
}

/** Ours must be as the round left them; others of our label must be as they were. */
function differs(
  now: readonly PolledContainer[],
  on: { containers: NonNullable<RoundReport["containers"]>; before: readonly PolledContainer[] },
): boolean {
  const byId = new Map(now.map((container) => [container.id, fingerprintOf(container)]));
  const isOursChanged = Object.entries(on.containers).some(
    ([id, fingerprint]) => byId.get(id) !== fingerprint,
  );
  const known = new Set(on.before.map(({ id }) => id));
  return isOursChanged || now.some(({ id }) => !known.has(id) && on.containers[id] === undefined);
}

/** The commit that the branch is at; null when that cannot be told now. */
export async function askGit(look: Look): Promise<string | null> {
  const { git } = look;
  if (git === null) return null;
  look.asking ??= pollGit(look, git).finally(() => {
    look.asking = null;
  });
  return look.asking;
}

async function pollGit(look: Look, git: RefPoll): Promise<string | null> {
  try {
    const commit = await git.poll();
    if (look.isGitAway) look.log({ level: "info", event: "git-back", message: "Git answers again" });
    look.isGitAway = false;
    return commit;
  } catch (error) {
    if (look.isClosed) return null;
    // What runs is kept as it is by the last revision; the round that comes next in any case reports it.
    look.onPollFailure("git");
    if (!look.isGitAway) look.log({ level: "warn", event: "git-away", ...describe(error) });
    look.isGitAway = true;
    return null;
  }
}

function describe(error: unknown): { message: string; code?: string } {
  const message = `Git does not answer: ${error instanceof Error ? error.message : String(error)}`;
  const code = error instanceof Error && "code" in error ? { code: String(error.code) } : {};
  return { message, ...code };
}

async function askEngine(look: Look): Promise<readonly PolledContainer[] | null> {
  try {
    return await look.engine.list({ environment: look.environment });
  } catch {
    if (look.isClosed) return null;
    look.onPollFailure("engine");
    return null; // a round says why, and reports that the state is unknown
  }
}
