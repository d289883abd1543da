import { jobOutcomes } from "./job-timer.ts";
import { type WatchTally, isReady, roundResults } from "./watch-tally.ts";

interface Metric {
  type: "counter" | "gauge";
  help: string;
  /** Values by their labels; empty while nothing is known. */
  samples: readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[];
}

/**
 * The tally in the text format of Prometheus, version 0.0.4: counters end in `_total`, units are seconds and bytes
 * (docs/decisions/0011-the-log-and-the-metrics-of-the-watcher.md says why no library writes it).
 */
export function formatMetrics(tally: WatchTally, residentBytes: number): string {
  const metrics = { ...listCounters(tally), ...listGauges(tally, residentBytes) };
  return Object.entries(metrics)
    .map(([name, metric]) => formatMetric(name, metric))
    .join("");
}

function listCounters({
  rounds,
  operations,
  polls,
  pollFailures,
  notifications,
  jobs,
}: WatchTally): Record<string, Metric> {
  return {
    keelson_agent_rounds_total: {
      type: "counter",
      help: "Rounds by how they ended; a lost one ended without a summary.",
      samples: roundResults.map((result) => [{ result }, rounds[result]]),
    },
    keelson_agent_operations_total: {
      type: "counter",
      help: "Operations that rounds tried, by how they ended.",
      samples: [
        [{ result: "done" }, operations.done],
        [{ result: "failed" }, operations.failed],
      ],
    },
    keelson_agent_polls_total: {
      type: "counter",
      help: "Polls of Git and the engine between rounds.",
      samples: [[{}, polls.count]],
    },
    keelson_agent_poll_seconds_total: {
      type: "counter",
      help: "How long these polls took together.",
      samples: [[{}, polls.durationMs / 1000]],
    },
    keelson_agent_poll_failures_total: {
      type: "counter",
      help: "Polls between rounds that got no answer.",
      samples: [
        [{ target: "git" }, pollFailures.git],
        [{ target: "engine" }, pollFailures.engine],
      ],
    },
    keelson_agent_notifications_total: {
      type: "counter",
      help: "Changes of the node's state, by whether the program or the webhook took them in the end.",
      samples: [
        [{ result: "told" }, notifications.told],
        [{ result: "failed" }, notifications.failed],
      ],
    },
    keelson_agent_scheduled_runs_total: {
      type: "counter",
      help: "Runs of jobs by a schedule, by how they ended.",
      samples: jobOutcomes.map((result) => [{ result }, jobs[result]]),
    },
  };
}

function listGauges(tally: WatchTally, residentBytes: number): Record<string, Metric> {
  const { setting, last, lastReadyAtMs } = tally;
  const gauge = (help: string, value: number | null): Metric => ({
    type: "gauge",
    help,
    samples: value === null ? [] : [[{}, value]],
  });
  const flag = (help: string, isSet: boolean) => gauge(help, isSet ? 1 : 0);
  const { environment = "", node = "" } = setting?.target ?? {};
  const build = { version: setting?.version ?? "", environment, node };
  return {
    keelson_agent_last_round_duration_seconds: gauge(
      "How long the last round took.",
      last === null ? null : last.durationMs / 1000,
    ),
    keelson_agent_last_ready_timestamp_seconds: gauge(
      "When a round last ended ready.",
      lastReadyAtMs === null ? null : lastReadyAtMs / 1000,
    ),
    keelson_agent_ready: flag(
      "1 when the last round left the node as desired and no round is changing it.",
      isReady(tally),
    ),
    keelson_agent_stalled: flag(
      "1 when only a person or a new revision can make the node ready.",
      last?.result === "stalled",
    ),
    keelson_agent_suspended: flag(
      "1 while a person withholds action on the node.",
      last?.isSuspended === true,
    ),
    keelson_agent_build_info: {
      type: "gauge",
      help: "Always 1; its labels say which agent this is.",
      samples: [[build, 1]],
    },
    process_resident_memory_bytes: gauge(
      "Resident memory of the watcher, the process that stays.",
      residentBytes,
    ),
  };
}

function formatMetric(name: string, { type, help, samples }: Metric): string {
  const lines = samples.map(([labels, value]) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
    return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}\n`;
  });
  return lines.length === 0 ? "" : `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
