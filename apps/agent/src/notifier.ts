import { randomUUID } from "node:crypto";
import { join } from "node:path";

import { type Send, newCommandSender, newWebhookSender } from "./notification-sender.ts";
import type { NodeState } from "./notification.ts";
import type { Loss } from "./round-loss.ts";
import type { NotifySetting, RoundSummary, WatchSetting } from "./round-summary.ts";
import { type Teller, type TellerInput, openTeller } from "./teller.ts";

/** Tells changes of the node's state as `notify` of agent.yaml says; nothing without it. */
export interface Notifier {
  /** Takes over what a round read in agent.yaml. */
  keep: (setting: WatchSetting) => void;
  /** Takes what a round told, or why it told nothing. */
  note: (end: { summary: RoundSummary | null; loss: Loss | null }) => void;
  close: () => void;
}

const ways = ["command", "webhook"] as const;
type Way = (typeof ways)[number];

export function openNotifier({ log, onEnd }: Pick<TellerInput, "log" | "onEnd">): Notifier {
  let setting: WatchSetting | null = null;
  const tellers = new Map<Way, { teller: Teller; file: string }>();
  const close = (way: Way) => {
    tellers.get(way)?.teller.close();
    tellers.delete(way);
  };
  return {
    keep: (next) => {
      setting = next;
      for (const way of ways) {
        const file = join(next.stateDir, `told-${way}.json`);
        const isWanted = next.notify?.[way] !== undefined;
        if (isWanted && tellers.get(way)?.file === file) continue;
        close(way);
        if (!isWanted) continue;
        const send: Send = async (text, signal) => senderOf(way, setting?.notify)(text, signal);
        tellers.set(way, { teller: openTeller({ name: way, file, log, onEnd, send: () => send }), file });
      }
    },
    note: ({ summary, loss }) => {
      if (setting === null) return;
      const { environment, node } = setting.target;
      const notification = {
        v: 1,
        id: randomUUID(),
        at: new Date().toISOString(),
        environment,
        node,
        state: stateOf(summary),
        reason: summary?.reason ?? loss?.code ?? "",
        message: summary?.message ?? loss?.message ?? "",
        commit: summary?.commit ?? "",
      } as const;
      for (const { teller } of tellers.values()) teller.note(notification);
    },
    close: () => ways.forEach(close),
  };
}

function senderOf(way: Way, notify: NotifySetting | null | undefined): Send {
  if (way === "command" && notify?.command !== undefined) return newCommandSender(notify.command);
  if (way === "webhook" && notify?.webhook !== undefined) return newWebhookSender(notify.webhook);
  throw new Error(`agent.yaml names no ${way}`);
}

function stateOf(summary: RoundSummary | null): NodeState {
  if (summary?.isReady === true) return "ready";
  if (summary?.isSuspended === true) return "suspended";
  return summary?.isStalled === true ? "stalled" : "not-ready";
}
