import {
  type PackageFile,
  type PackageFolder,
  type PlacedFile,
  type Problem,
  type RenderedFile,
  type SourceFile,
  decodeText,
  decodeUtf8,
  keyPath,
  problemAt,
  problemOf,
} from "@keelson/model";

import { checkSyntax } from "./rendered-syntax.ts";
import { unlessPaid } from "./template-refusal.ts";
import { type TemplateInput, forgedSecret, holdsPlaceholder, renderTemplate } from "./template.ts";

const bytesPerStep = 16;

/** By what Git says of the committed file: plain or executable. */
const defaultModes = { "100644": 0o644, "100755": 0o755 } as const;
const defaultSecretModes = { "100644": 0o400, "100755": 0o500 } as const;

export type TemplateScope = Pick<TemplateInput, "context" | "secrets" | "incomplete" | "budget">;

/** One file of a package: rendered when it is a template, copied byte for byte otherwise. */
export function renderFile(
  folder: PackageFolder,
  input: { placed: PlacedFile; scope: TemplateScope },
): { file: RenderedFile | null; problems: Problem[]; warnings: Problem[] } {
  const { placed } = input;
  const source = folder.files.get(placed.source);
  const file = folder.package.value.files[placed.entry];
  if (input.scope.budget.isSpent) return { file: null, problems: [], warnings: [] }; // the problem was given where the budget was overdrawn
  if (source === undefined || file === undefined) return { file: null, problems: [], warnings: [] }; // `manifest` gives the problem
  const template = `${folder.folder}/${placed.source}`;
  // Read, digested and written for each file that is made of it, which may be thousands.
  const unpaid = unlessPaid(template, () => input.scope.budget.step(source.bytes.length / bytesPerStep));
  if (unpaid.length > 0) return { file: null, problems: unpaid, warnings: [] };
  const isThere = source.refused !== true; // else `manifest` gives the problem
  const made =
    placed.isRendered && isThere
      ? renderSource(source, { template, scope: input.scope })
      : copySource(source, template);
  if ("problems" in made) return { file: null, problems: made.problems, warnings: [] };
  const { content, secrets } = made;
  const mode = modeOf(file, { secrets, source });
  // What is copied may be in a dialect that only its program can read.
  const problems =
    isThere && placed.isRendered && file.check === "syntax"
      ? checkSyntax(placed.to, { text: decodeText(content), template, budget: input.scope.budget })
      : [];
  if (secrets.length > 0 && (mode & 0o007) !== 0) problems.push(openSecret(folder, { placed, mode }));
  return {
    file: {
      to: placed.to,
      template,
      entry: placed.entry,
      content,
      mode,
      owner: parseOwner(file.owner),
      onChange: file.onChange,
      writable: file.writable || file.onChange === "seed",
      secrets,
    },
    problems,
    warnings: findCarriageReturn(template, content),
  };
}

/** The kernel takes the carriage return for a part of the interpreter's name, and says that the script is not there. */
function findCarriageReturn(template: string, content: Uint8Array): Problem[] {
  const end = content.indexOf(0x0a);
  if (content[0] !== 0x23 || content[1] !== 0x21 || content[end - 1] !== 0x0d) return [];
  const message =
    "the first line, which begins with #!, ends in a carriage return (CRLF): no program can start this script";
  const hint = "Save it with LF line ends, and let .gitattributes keep them: *.sh text eol=lf";
  return [{ ...problemOf(template, { code: "K1321", message, hint }), column: end }];
}

type Made = { content: Uint8Array; secrets: string[] } | { problems: Problem[] };

function renderSource(
  source: SourceFile,
  { template, scope }: { template: string; scope: TemplateScope },
): Made {
  const text = decodeUtf8(source.bytes);
  if (text === null) {
    const message = "the template is not text in UTF-8";
    const hint = "Save it as UTF-8. To copy it as it is, give it a name that does not end in .liquid.";
    return { problems: [problemOf(template, { code: "K1301", message, hint })] };
  }
  const rendered = renderTemplate({ text, file: template, ...scope });
  if (rendered.text === null) return { problems: rendered.problems };
  return { content: new TextEncoder().encode(rendered.text), secrets: rendered.secrets };
}

function copySource(source: SourceFile, template: string): Made {
  const text = decodeText(source.bytes);
  if (holdsPlaceholder(text)) return { problems: [forgedSecret({ text, file: template })] };
  return { content: source.bytes, secrets: [] };
}

function modeOf(
  file: PackageFile,
  { secrets, source }: { secrets: readonly string[]; source: SourceFile },
): number {
  if (file.mode !== undefined) return Number.parseInt(file.mode, 8);
  return secrets.length > 0 ? defaultSecretModes[gitModeOf(source)] : committedMode(source);
}

/** The mode of a file that is placed as it was committed. */
export function committedMode(source: SourceFile): number {
  return defaultModes[gitModeOf(source)];
}

function gitModeOf({ mode }: SourceFile): keyof typeof defaultModes {
  return mode === "100755" ? "100755" : "100644";
}

function openSecret(folder: PackageFolder, { placed, mode }: { placed: PlacedFile; mode: number }): Problem {
  return problemAt(folder.package, {
    code: "K1305",
    path: keyPath(["files", placed.entry, "mode"]),
    part: "value",
    message: `${placed.to} holds a secret and would be open to everybody (mode 0${mode.toString(8)})`,
    hint: "Use a mode whose last digit is 0, such as 0400 or 0440, with an owner.",
  });
}

function parseOwner(owner: string | undefined): RenderedFile["owner"] {
  if (owner === undefined) return null;
  const [uid, gid] = owner.split(":");
  return { uid: Number(uid), gid: Number(gid) };
}
