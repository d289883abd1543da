import type { Condition, InstanceStatus, Status } from "@keelson/model";

import { shownVersion } from "./package-text.ts";
import { formatSuspension } from "./suspension-text.ts";
import { codeSpan as code } from "./code-span.ts";
import { escapeText } from "./visible-text.ts";

/** The report as a page that a forge shows beside its JSON. What others wrote in it is shown as it is written. */
export function formatStatusMarkdown(status: Status): string {
  const { node, source, instances, errors } = status;
  const ready = status.conditions.find(({ type }) => type === "Ready");
  const lines = [
    `# ${code(`${node.environment}/${node.name}`)}: ${readiness(ready)}`,
    "",
    code(ready?.message ?? ""),
    "",
    `Seen ${code(status.observedAt)}, report ${status.seq}, agent ${code(status.agent.version)}.`,
    `Branch ${code(source.branch)} at ${code(source.observed)}; applied ${code(source.applied === "" ? "nothing yet" : source.applied)}.`,
    ...(source.target === undefined || source.target.mode === "follow"
      ? []
      : [`The node ${code(source.target.because)}.`]),
    ...(status.suspended === undefined ? [] : [`The node is ${code(formatSuspension(status.suspended))}.`]),
    "",
    "| instance | package | version | state | sync | health |",
    "| --- | --- | --- | --- | --- | --- |",
    ...instances.map(instanceRow),
  ];
  if (errors.length > 0) {
    lines.push("", "| error | about | message | since |", "| --- | --- | --- | --- |");
    lines.push(...errors.map((error) => row([error.code, error.resource, error.message, error.since])));
  }
  return `${lines.join("\n")}\n`;
}

/** The report in one line without mark-up, for readers of `git log`. */
export function formatStatusHeading({ node, conditions }: Status): string {
  const ready = conditions.find(({ type }) => type === "Ready");
  const said = escapeText(ready?.message ?? "");
  return `${node.environment}/${node.name}: ${readiness(ready)}${said === "" ? "" : `, ${said}`}`;
}

function readiness(ready: Condition | undefined): string {
  return ready?.status === "true" ? "ready" : ready?.status === "false" ? "not ready" : "unknown";
}

function instanceRow(instance: InstanceStatus): string {
  const { name, package: of, state, held, sync, health } = instance;
  return row([name, of, shownVersion(instance), state, held === true ? "held" : sync, health]);
}

function row(cells: readonly string[]): string {
  return `| ${cells.map(code).join(" | ")} |`;
}
