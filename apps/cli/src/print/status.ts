import { type KeelsonError, type Status, shortDigest } from "@keelson/model";
import { formatNextTry, formatPackage, formatSuspension } from "@keelson/report";
import Table from "cli-table3";

import type { Output, Style } from "../output.ts";

const styles: Record<string, Style> = {
  healthy: "green",
  running: "green",
  "in-sync": "green",
  starting: "yellow",
  "out-of-sync": "yellow",
  held: "yellow",
  unhealthy: "red",
  unknown: "red",
};

/** The first line of a status: how the node is as a whole. */
export interface Verdict {
  style: Style;
  /** `ready`, or what it is instead. */
  word: string;
  message: string;
  /** Since when it is so; empty where that is not known. */
  since: string;
}

/**
 * Prints a node's status as a table: a row for each instance, its services below it. `fault`: why rounds cannot write
 * another one, so that nobody knows whether it is still so.
 */
export function printStatus(output: Output, status: Status, fault: KeelsonError | null = null): void {
  const ready = status.conditions.find(({ type }) => type === "Ready");
  const isReady = ready?.status === "true";
  const verdict: Verdict = {
    style: isReady ? "green" : "red",
    word: isReady ? "ready" : "not ready",
    message: ready?.message ?? "",
    since: ready?.since ?? "",
  };
  const unknown: Verdict = {
    ...verdict,
    style: "red",
    word: "unknown",
    message: `no round can write its status; the last one that could said: ${verdict.word}, ${verdict.message}`,
  };
  output.print(formatStatus(status, { style: output.style, verdict: fault === null ? verdict : unknown }));
}

export function formatStatus(
  status: Status,
  { style, verdict }: { style: Output["style"]; verdict: Verdict },
): string {
  const { node, source } = status;
  const table = formatInstances(status, style);
  return [
    `${style("bold", `${node.environment}/${node.name}`)}  ${style(verdict.style, verdict.word)}  ${verdict.message}`,
    style(
      "dim",
      `observed ${status.observedAt}  ${verdict.since === "" ? "" : `so since ${verdict.since}  `}applied ${source.applied.slice(0, 8) || "nothing"}  from ${source.url} ${source.branch}`,
    ),
    ...(source.target === undefined || source.target.mode === "follow"
      ? []
      : [style("yellow", `the node ${source.target.because}`)]),
    ...formatRetry(status),
    ...(status.suspended === undefined
      ? []
      : [style("yellow", `the node is ${formatSuspension(status.suspended)}`)]),
    ...(table === "" ? [] : [table]),
    ...status.instances.flatMap(formatSchedules),
    ...status.errors.flatMap(({ code, resource, message, hint }) => [
      `${style("red", `error[${code}]`)} ${resource} ${message}`.replace(/ {2,}/g, " "),
      ...(hint === "" ? [] : [`  hint: ${hint}`]),
    ]),
  ].join("\n");
}

/** When what is not as desired is tried again; nothing where it is not, or that time has passed. */
function formatRetry(status: Status): string[] {
  const nextTry = formatNextTry(status, new Date());
  if (status.retry === null || nextTry === "") return [];
  return [`${nextTry}, at ${status.retry.nextAt}, number ${status.retry.attempt} in a row`];
}

/** A line for each job that runs by a schedule. */
function formatSchedules({ name, services }: Status["instances"][number]): string[] {
  return services.flatMap(({ name: service, schedule }) => {
    if (schedule === undefined) return [];
    const { cron, timeZone, next, missed, running, last } = schedule;
    const end = last?.exitCode === null ? "without an end" : `exit code ${last?.exitCode}`;
    const parts = [
      `${name}/${service} runs at ${cron} (${timeZone})`,
      running === null ? (next === "" ? "" : `next ${next}`) : `at work since ${running}`,
      last === null ? "not run yet" : `last ${last.due}: ${end}, ${Math.round(last.seconds)} s`,
      missed === 0 ? "" : `${missed} missed since`,
    ];
    return [parts.filter((part) => part !== "").join("  ")];
  });
}

/** The instances are told as the attempted commit has them, and another one is applied. */
export function isUnderWay({ source: { attempted, applied } }: Status): boolean {
  return attempted !== "" && attempted !== applied;
}

/** Of an instance that is held, what it has is told, and not what it is to have. */
function isThere({ sync, held }: Status["instances"][number]): boolean {
  return sync === "in-sync" || held === true;
}

function formatInstances(status: Status, style: Output["style"]): string {
  const { instances } = status;
  const paint = (word: string) => style(styles[word] ?? "reset", word);
  const table = new Table({
    head: ["instance", "package", "state", "sync", "health", "image"],
    style: { head: [], border: [] },
    chars: noBorders,
  });
  for (const instance of instances) {
    table.push([
      instance.name,
      `${isUnderWay(status) && !isThere(instance) ? "to " : ""}${formatPackage(instance)}`,
      paint(instance.state),
      paint(instance.held === true ? "held" : instance.sync),
      paint(instance.health),
      "",
    ]);
    for (const service of instance.services) {
      table.push([
        `  ${service.name}`,
        "",
        service.state,
        service.digest.have === service.digest.want ? "" : paint("out-of-sync"),
        paint(service.health),
        `${service.image.have || service.image.want}${formatDigest(service.image)}`,
      ]);
    }
  }
  return instances.length === 0 ? "" : table.toString().replaceAll(/ +$/gm, "");
}

/** The digest that runs, and where it is another one, what is locked. */
function formatDigest({ digest, locked }: Status["instances"][number]["services"][number]["image"]): string {
  const runs = digest === undefined ? [] : [shortDigest(digest)];
  const lacks = locked === undefined || locked === digest ? [] : [`locked to ${shortDigest(locked)}`];
  return [...runs, ...lacks].map((text, index) => `${index === 0 ? " " : ", "}${text}`).join("");
}

const noBorders = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
};
