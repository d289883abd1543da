import {
  type PackageFile,
  type PackageFolder,
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

export type TemplateScope = Pick<TemplateInput, "context" | "secrets" | "budget">;

/** One file of a package: rendered when its template ends in `.liquid`, copied byte for byte otherwise. */
export function renderFile(
  folder: PackageFolder,
  input: { file: PackageFile; index: number; scope: TemplateScope },
): { file: RenderedFile | null; problems: Problem[] } {
  const { file } = input;
  const source = folder.files.get(file.template);
  if (input.scope.budget.isSpent) return { file: null, problems: [] }; // the problem was given where the budget was overdrawn
  if (source === undefined) return { file: null, problems: [] }; // `manifest` gives the problem
  const template = `${folder.folder}/${file.template}`;
  // Read, digested and written for each file that is made of it, which may be thousands.
  const unpaid = unlessPaid(template, () => input.scope.budget.step(source.bytes.length / bytesPerStep));
  if (unpaid.length > 0) return { file: null, problems: unpaid };
  const isThere = source.refused !== true; // else `manifest` gives the problem
  const made =
    file.template.endsWith(".liquid") && isThere
      ? renderSource(source, { template, scope: input.scope })
      : copySource(source, template);
  if ("problems" in made) return { file: null, problems: made.problems };
  const { content, secrets } = made;
  const mode = modeOf(file, { secrets, source });
  const problems =
    isThere && isChecked(file)
      ? checkSyntax(file.to, { text: decodeText(content), template, budget: input.scope.budget })
      : [];
  if (secrets.length > 0 && (mode & 0o007) !== 0) problems.push(openSecret(folder, input));
  return {
    file: {
      to: file.to,
      template,
      content,
      mode,
      owner: parseOwner(file.owner),
      onChange: file.onChange,
      writable: file.writable,
      secrets,
    },
    problems,
  };
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

/** What is copied may be written for its program only, in a dialect that no parser of ours knows. */
function isChecked({ template, check }: PackageFile): boolean {
  return template.endsWith(".liquid") && check === "syntax";
}

function modeOf(
  file: PackageFile,
  { secrets, source }: { secrets: readonly string[]; source: SourceFile },
): number {
  if (file.mode !== undefined) return Number.parseInt(file.mode, 8);
  const committed = source.mode === "100755" ? "100755" : "100644";
  return (secrets.length > 0 ? defaultSecretModes : defaultModes)[committed];
}

function openSecret(folder: PackageFolder, { file, index }: { file: PackageFile; index: number }): Problem {
  return problemAt(folder.package, {
    code: "K1305",
    path: keyPath(["files", index, "mode"]),
    part: "value",
    message: `${file.to} holds a secret and would be open to everybody (mode ${file.mode})`,
    hint: "Use a mode whose last digit is 0, such as 0400 or 0440, with an owner.",
  });
}

function parseOwner(owner: string | undefined): RenderedFile["owner"] {
  if (owner === undefined) return null;
  const [uid, gid] = owner.split(":");
  return { uid: Number(uid), gid: Number(gid) };
}
