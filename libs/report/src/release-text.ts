import type { Changed, PackageDifference, ReleaseDifference, ReleaseIdentity } from "@keelson/model";

import { codeSpan } from "./code-span.ts";
import { escapeText } from "./visible-text.ts";

interface Compared {
  before: ReleaseIdentity;
  after: ReleaseIdentity;
  difference: ReleaseDifference;
}

/** How a text is set: a heading, a line of a list with a title, and what was written in the release. */
interface Form {
  heading: (text: string) => string[];
  title: (text: string) => string;
  item: (text: string) => string;
  written: (text: string) => string;
}

const plain: Form = {
  heading: (text) => ["", text],
  title: (text) => `  ${text}`,
  item: (text) => `    ${text}`,
  written: escapeText,
};

const markdown: Form = {
  heading: (text) => ["", `### ${text}`, ""],
  title: (text) => `- ${text}`,
  item: (text) => `  - ${text}`,
  written: codeSpan,
};

/** What two releases have differently, for people; no name or value of a release breaks out of its line. */
export function formatReleaseDifference(compared: Compared, { form }: { form: "text" | "markdown" }): string {
  const { before, after, difference } = compared;
  const set = form === "text" ? plain : markdown;
  const name = (identity: ReleaseIdentity) => set.written(`${identity.name} ${identity.version}`);
  const top = `${name(before)} → ${name(after)}`;
  const parts = [
    ...difference.packages.flatMap((each) => packageLines(each, set)),
    ...section("images by their tags", { list: difference.lockedImages.map(withShortDigest), set }),
    ...section("settings", { list: difference.settings, set }),
    ...section("secrets", { list: difference.secrets, set }),
    ...section("other files", { list: difference.files.map(withoutContent), set }),
  ];
  const isSame = before.digest === after.digest;
  const nothing = ["", isSame ? "The same bytes." : "Nothing but what release.yaml says of itself."];
  const body = isSame || parts.length === 0 ? nothing : parts;
  const all = [form === "text" ? top : `## ${top}`, ...body];
  return `${all
    .join("\n")
    .replaceAll(/\n{3,}/g, "\n\n")
    .trimEnd()}\n`;
}

function packageLines(of: PackageDifference, set: Form): string[] {
  const { name, how, version, images, files, interfaces, data, grants } = of;
  const said = how === "changed" ? (version === null ? "" : ` ${change(version, set)}`) : ` (${how})`;
  return [
    ...set.heading(`package ${set.written(name)}${said}`),
    ...listed("images", { list: images, set }),
    // First what must be permitted: it decides whether the upgrade can be taken at all.
    ...listed("asks of the host", { list: grants, set, isNameOnly: true }),
    ...listed("interfaces", { list: interfaces, set }),
    ...listed("data", { list: data, set }),
    ...listed("files", { list: files.map(withoutContent), set }),
  ];
}

function section(title: string, { list, set }: { list: readonly Changed[]; set: Form }): string[] {
  return list.length === 0
    ? []
    : [...set.heading(title), ...list.map((each) => set.title(line(each, { set })))];
}

function listed(
  title: string,
  { list, set, isNameOnly = false }: { list: readonly Changed[]; set: Form; isNameOnly?: boolean },
): string[] {
  if (list.length === 0) return [];
  return [set.title(title), ...list.map((each) => set.item(line(each, { set, isNameOnly })))];
}

const marks: Record<Changed["how"], string> = { added: "+", removed: "-", changed: "~" };

function line(of: Changed, { set, isNameOnly = false }: { set: Form; isNameOnly?: boolean }): string {
  const said = isNameOnly || (of.before ?? of.after) === "" ? "" : `  ${change(of, set)}`;
  // A mark at the beginning of an item would begin another list.
  const mark = set === plain ? marks[of.how] : of.how;
  return `${mark} ${set.written(of.name)}${said}`;
}

function change({ before, after }: Changed, set: Form): string {
  return [before, after].flatMap((each) => (each === null ? [] : [set.written(each)])).join(" → ");
}

/** A tag alone that was pushed again: what it names is another image. */
function withShortDigest(of: Changed): Changed {
  const [before, after] = [of.before, of.after].map((each) => each?.slice(0, shownDigest) ?? null);
  return { ...of, before: before ?? null, after: after ?? null };
}

/** `sha256:` and twelve digits. */
const shownDigest = 19;

/** Digests say no more to people than that the content is another one. */
function withoutContent(of: Changed): Changed {
  const [before, after] = [of.before, of.after].map((each) => each?.split(" ")[0] ?? null);
  if (before !== after && before !== null && after !== null)
    return { ...of, before: `mode ${before ?? ""}`, after: `mode ${after ?? ""}` };
  return { ...of, before: of.before === null ? null : "", after: of.after === null ? null : "" };
}
