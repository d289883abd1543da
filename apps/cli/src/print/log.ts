import type { TimedLogLine } from "@keelson/node";
import { escapeText, formatJson } from "@keelson/report";

import type { Output, Style } from "../output.ts";

/** The colours of `docker compose logs`, in its order. */
const colours: Style[] = ["cyan", "yellow", "green", "magenta", "blue"];
const tab = "    ";

/**
 * Prints lines as `docker compose logs` does, `web-1  | text`, or each as an object of JSON. `containers` are the names
 * known at first; the prefixes are as wide as the longest of them.
 */
export function logPrinter(
  output: Output,
  form: { project: string; containers: readonly string[]; timestamps: boolean },
): (line: TimedLogLine) => void {
  if (output.json)
    return ({ time, service, container, stream, text }) =>
      output.print(oneLine({ time, service, container, stream, text }));
  const prefixOf = prefixes(output, form);
  return ({ container, time, text }) =>
    output.print(`${prefixOf(container)}${form.timestamps ? `${escapeText(time)} ` : ""}${plainText(text)}`);
}

function prefixes(
  output: Output,
  { project, containers }: { project: string; containers: readonly string[] },
): (container: string) => string {
  const shorten = (container: string) => container.slice(container.indexOf(project) + project.length + 1);
  const width = Math.max(...containers.map((container) => shorten(container).length));
  const known = new Map<string, string>();
  const add = (container: string) => {
    const colour = colours[known.size % colours.length] ?? "cyan";
    const prefix = output.style(colour, `${shorten(container).padEnd(width)}  | `);
    known.set(container, prefix);
    return prefix;
  };
  containers.forEach(add);
  return (container) => known.get(container) ?? add(container);
}

/** Removes a program's colours, which would colour the next lines too, and makes other control characters visible. */
function plainText(text: string): string {
  return escapeText(text.replace(ownColours, "").replaceAll("\t", tab));
}

// oxlint-disable-next-line no-control-regex -- an escape sequence begins with one
const ownColours = /\u001b\[[0-9;:]*m/g;

/** JSON on one line: line ends inside of values are escapes, so the others are only indentation. */
function oneLine(value: unknown): string {
  return formatJson(value).replaceAll(/\n */g, "");
}
