import type { Status } from "@keelson/model";
import Table from "cli-table3";

import type { Output, Style } from "../output.ts";

const styles: Record<string, Style> = {
  healthy: "green",
  running: "green",
  "in-sync": "green",
  starting: "yellow",
  "out-of-sync": "yellow",
  unhealthy: "red",
  unknown: "red",
};

/** A node's report as a table: an instance per row, its services below it. */
export function printStatus(output: Output, status: Status): void {
  const { node, source } = status;
  const ready = status.conditions.find(({ type }) => type === "Ready");
  const paint = (word: string) => output.style(styles[word] ?? "reset", word);
  output.print(
    `${output.style("bold", `${node.environment}/${node.name}`)}  ${ready?.status === "true" ? output.style("green", "ready") : output.style("red", "not ready")}  ${ready?.message ?? ""}`,
  );
  output.print(
    output.style(
      "dim",
      `observed ${status.observedAt}  applied ${source.applied.slice(0, 8) || "nothing"}  from ${source.url} ${source.branch}`,
    ),
  );
  const table = new Table({
    head: ["instance", "package", "state", "sync", "health", "image"],
    style: { head: [], border: [] },
    chars: noBorders,
  });
  for (const instance of status.instances) {
    table.push([
      instance.name,
      `${instance.package} ${instance.version}`,
      paint(instance.state),
      paint(instance.sync),
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
        service.image.have || service.image.want,
      ]);
    }
  }
  if (status.instances.length > 0) output.print(table.toString().replaceAll(/ +$/gm, ""));
  for (const error of status.errors) {
    output.print(
      `${output.style("red", `error[${error.code}]`)} ${error.resource} ${error.message}`.replace(
        / {2,}/g,
        " ",
      ),
    );
    if (error.hint !== "") output.print(`  hint: ${error.hint}`);
  }
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
