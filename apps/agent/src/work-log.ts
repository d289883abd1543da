import type { AgentWork } from "@keelson/model";

import type { OperationProgress } from "./round-summary.ts";

/** So much of a plan is shown to somebody who asks twice a second. */
const mostEnded = 200;

export interface WorkLog {
  begin: (trigger: string) => void;
  note: (progress: OperationProgress) => void;
  end: () => void;
  read: (afterSeq: number) => AgentWork;
}

export function openWorkLog(): WorkLog {
  let trigger: string | null = null;
  let ended: AgentWork["ended"] = [];
  let seq = 0;
  const doing = new Map<string, string>();
  return {
    begin: (of) => {
      trigger = of;
    },
    note: ({ id, state, text }) => {
      if (state === "begun") {
        doing.set(id, text);
        return;
      }
      doing.delete(id);
      seq++;
      ended = [...ended, { state, text }].slice(-mostEnded);
    },
    end: () => {
      trigger = null;
      doing.clear();
    },
    read: (afterSeq) => {
      const count = Math.min(ended.length, Math.max(0, seq - afterSeq));
      return { trigger, doing: [...doing.values()], ended: count === 0 ? [] : ended.slice(-count), seq };
    },
  };
}
