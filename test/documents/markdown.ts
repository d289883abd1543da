/** A fenced block. Its info string reads `yaml file=a/b.yaml wrong=K1002`: a language, then attributes. */
export interface Block {
  language: string;
  /** A word without a value has the empty text. */
  attributes: Readonly<Record<string, string>>;
  text: string;
  /** Of its opening fence, from 1. */
  line: number;
}

/** A table by the heading above it; cells are trimmed, and their code marks taken off. */
export interface Table {
  heading: string;
  columns: readonly string[];
  rows: readonly (readonly string[])[];
}

/** The fenced blocks of a page, in their order. Throws for a fence that is never closed. */
export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  let open: { fence: string; info: string; lines: string[]; line: number } | null = null;
  for (const [index, text] of page.split("\n").entries()) {
    const [, fence = "", info = ""] = /^(`{3,})(.*)$/.exec(text) ?? [];
    if (open === null) {
      if (fence !== "") open = { fence, info, lines: [], line: index + 1 };
    } else if (fence === open.fence && info === "") {
      blocks.push(blockOf(open));
      open = null;
    } else {
      open.lines.push(text);
    }
  }
  if (open !== null) throw new Error(`the block of line ${open.line} is never closed`);
  return blocks;
}

function blockOf(open: { info: string; lines: string[]; line: number }): Block {
  const [language = "", ...words] = open.info.split(" ").filter((word) => word !== "");
  const attributes = words.map((word): [string, string] => {
    const at = word.indexOf("=");
    return at < 0 ? [word, ""] : [word.slice(0, at), word.slice(at + 1)];
  });
  const text = open.lines.map((line) => `${line}\n`).join("");
  return { language, attributes: Object.fromEntries(attributes), text, line: open.line };
}

/** The tables of a page, those in fenced blocks left out. */
export function tablesOf(page: string): Table[] {
  const tables: Table[] = [];
  let heading = "";
  let rows: string[][] | null = null;
  for (const line of proseOf(page).split("\n")) {
    heading = /^#+ (.*)$/.exec(line)?.[1] ?? heading;
    if (!line.startsWith("|")) {
      rows = null;
      continue;
    }
    const cells = cellsOf(line);
    if (rows === null) tables.push({ heading, columns: cells, rows: (rows = []) });
    else if (!cells.every((cell) => /^:?-+:?$/.test(cell))) rows.push(cells);
  }
  return tables;
}

/** A bar inside a cell is written `\|`. */
function cellsOf(line: string): string[] {
  return line
    .slice(1)
    .split(/(?<!\\)\|/)
    .slice(0, -1)
    .map((cell) =>
      cell
        .trim()
        .replaceAll("\\|", "|")
        .replace(/^`([^`]*)`$/, "$1"),
    );
}

/** The page without its fenced blocks; every other line stays where it is. */
export function proseOf(page: string): string {
  const inside = new Set<number>();
  for (const { line, text } of blocksOf(page)) {
    const last = line + text.split("\n").length;
    for (let at = line; at <= last; at++) inside.add(at);
  }
  return page
    .split("\n")
    .map((line, index) => (inside.has(index + 1) ? "" : line))
    .join("\n");
}

/** Where the links of a page lead. */
export function linksOf(page: string): string[] {
  return [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? "");
}

/** Whether lines stand in a file as they are, in its order; a line `# …` stands for lines that are left out. */
export function isExcerpt(text: string, file: string): boolean {
  let rest = `\n${file}`;
  for (const part of text.split("# …\n").filter((each) => each !== "")) {
    const at = rest.indexOf(`\n${part}`);
    if (at < 0) return false;
    // The line end stays: it begins the next part.
    rest = rest.slice(at + part.length);
  }
  return true;
}

/** What a person typed in a console block, and what must have been answered. */
export interface Step {
  command: string;
  /** A line that is only `…` stands for any lines, and `…` inside a line for any text. */
  output: string;
}

/** The steps of a console block: `$ ` begins a command, `> ` goes on with it. */
export function stepsOf(block: Block): Step[] {
  const steps: Step[] = [];
  for (const line of block.text.split("\n").slice(0, -1)) {
    const last = steps.at(-1);
    if (line.startsWith("$ ")) steps.push({ command: line.slice(2), output: "" });
    else if (last === undefined) throw new Error(`line ${block.line}: a console block begins with "$ "`);
    else if (last.output === "" && line.startsWith("> ")) last.command += `\n${line.slice(2)}`;
    else last.output += `${line}\n`;
  }
  return steps;
}

/** Whether what was answered is what the page shows. */
export function isAnswer(actual: string, shown: string): boolean {
  const pattern = shown
    .split("\n")
    .slice(0, -1)
    .map((line) =>
      line === "…" ? "(?:[^\\n]*\\n)*?" : `${line.split("…").map(escapePattern).join("[^\\n]*")}[ ]*\\n`,
    )
    .join("");
  return new RegExp(`^${pattern}$`).test(actual);
}

/** Runs of spaces only align columns: any number of at least two is the same. */
function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&").replace(/ {2,}/g, " {2,}");
}
