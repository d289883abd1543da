import {
  type PackageFile,
  type PackageFolder,
  type Problem,
  type RenderedFile,
  compareText,
  decodeText,
  secretPlaceholderPattern,
} from "@keelson/model";
import { parseAllDocuments } from "yaml";

import { renderTemplate } from "./template.ts";

const defaultMode = 0o644;
const defaultSecretMode = 0o400;

/** One file of a package: rendered when its template ends in `.liquid`, copied byte for byte otherwise. */
export function renderFile(
  folder: PackageFolder,
  input: { file: PackageFile; index: number; context: Record<string, unknown> },
): { file: RenderedFile | null; problems: Problem[] } {
  const { file, index } = input;
  const source = folder.files.get(file.template);
  if (source === undefined) return { file: null, problems: [] }; // `manifest` has said that it is missing
  const template = `${folder.folder}/${file.template}`;
  let content = source.bytes;
  if (file.template.endsWith(".liquid")) {
    const rendered = renderTemplate({
      text: decodeText(source.bytes),
      file: template,
      context: input.context,
    });
    if (rendered.text === null) return { file: null, problems: rendered.problems };
    content = new TextEncoder().encode(rendered.text);
  }
  const text = decodeText(content);
  const problems = checkSyntax(file.to, { text, template });
  const secrets = [
    ...new Set([...text.matchAll(secretPlaceholderPattern)].map((match) => match[1] ?? "")),
  ].sort(compareText);
  const mode =
    file.mode === undefined
      ? secrets.length > 0
        ? defaultSecretMode
        : defaultMode
      : Number.parseInt(file.mode, 8);
  if (secrets.length > 0 && (mode & 0o007) !== 0) {
    const path = `files.${index}.mode`;
    const position = folder.package.positionOf(path);
    problems.push({
      code: "K1305",
      file: folder.package.file,
      ...position,
      path,
      message: `${file.to} holds a secret and would be readable by everybody (mode ${file.mode})`,
      hint: "Use a mode that gives others nothing, such as 0400 or 0440, with an owner.",
      sourceLine: folder.package.lineText(position.line),
    });
  }
  return {
    file: {
      to: file.to,
      template,
      content,
      mode,
      owner: parseOwner(file.owner),
      onChange: file.onChange,
      secrets,
    },
    problems,
  };
}

/** A rendered `.json` or `.yaml` must parse: a broken file would be noticed only when its service has stopped. */
function checkSyntax(to: string, rendered: { text: string; template: string }): Problem[] {
  const format = /\.(json|ya?ml)$/.exec(to)?.[1];
  if (format === undefined) return [];
  const error = format === "json" ? findJsonError(rendered.text) : findYamlError(rendered.text);
  if (error === null) return [];
  const sourceLine = rendered.text.split("\n")[error.line - 1];
  return [
    {
      code: "K1303",
      file: rendered.template,
      line: error.line,
      column: error.column,
      path: "",
      message: `${to} as rendered is not valid ${format === "json" ? "JSON" : "YAML"}: ${error.message}`,
      hint: "The line and column are those of the rendered file; `keelson render` shows it whole.",
      ...(sourceLine === undefined ? {} : { sourceLine }),
    },
  ];
}

interface SyntaxFault {
  line: number;
  column: number;
  message: string;
}

function findJsonError(text: string): SyntaxFault | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const offset = Number(/position (\d+)/.exec(message)?.[1] ?? 0);
    const before = text.slice(0, offset).split("\n");
    return {
      line: before.length,
      column: (before.at(-1)?.length ?? 0) + 1,
      message: message.replace(/ in JSON at position.*$/s, ""),
    };
  }
}

function findYamlError(text: string): SyntaxFault | null {
  for (const document of parseAllDocuments(text, { logLevel: "silent" })) {
    const error = document.errors[0];
    if (error !== undefined) {
      const place = error.linePos?.[0] ?? { line: 1, col: 1 };
      return {
        line: place.line,
        column: place.col,
        message: (error.message.split("\n")[0] ?? "").replace(/ at line \d+.*$/, ""),
      };
    }
  }
  return null;
}

function parseOwner(owner: string | undefined): RenderedFile["owner"] {
  if (owner === undefined) return null;
  const [uid, gid] = owner.split(":");
  return { uid: Number(uid), gid: Number(gid) };
}
