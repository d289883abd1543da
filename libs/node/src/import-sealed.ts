import type { PlainSecret } from "@keelson/manifest";
import { type Snapshot, type SourceFiles, compareText, decodeText } from "@keelson/model";
import { type ImportProposal, withTexts } from "@keelson/reconcile";
import { sealVariables } from "@keelson/secrets";

/** To whom the secrets of an import are encrypted. */
export interface SealRequest {
  /** The age recipient of the node. */
  key: string;
  /** Keys of people. */
  others: readonly string[];
  at: Date;
}

/** What becomes of a file of variables with secrets in plain text. */
export interface SealedImport {
  /** Path in the repository. */
  file: string;
  names: readonly string[];
  /** With the secrets encrypted; null where it stays as it is. */
  text: string | null;
  /** Why it does. */
  because: string | null;
}

interface Sealing {
  /** Followed: a link has the bytes of what it leads to. */
  files: SourceFiles;
  /** Of files that are links, nothing is written. */
  links: ReadonlySet<string>;
  secrets: readonly PlainSecret[];
  seal: SealRequest | null;
  propose: (revision: Snapshot) => Promise<ImportProposal>;
}

/**
 * Proposes an import in which the secrets of plain files of variables are encrypted where they stand. What cannot be used so, such as
 * a secret in a label, stays as it is, with the reason. Writes nothing.
 */
export async function proposeSealed(
  revision: Snapshot,
  sealing: Sealing,
): Promise<{ proposal: ImportProposal; sealed: SealedImport[] }> {
  const { seal, propose } = sealing;
  const open = await propose(revision);
  if (seal === null) return { proposal: open, sealed: [] };
  const imported = new Set(open.imported.map(({ folder }) => folder));
  let sealed = await sealFiles({ ...sealing, seal }, imported);
  for (;;) {
    const proposal = await propose(withTexts(revision, textsOf(sealed)));
    const lost = open.imported.filter(({ instance }) => proposal.refused.has(instance));
    const spoilt = new Map(
      lost.flatMap(({ folder, instance }) => {
        const [problem] = proposal.refused.get(instance) ?? [];
        const files = sealing.secrets.filter((each) => each.folder === folder).map(({ file }) => file);
        return files.map((file) => [file, problem?.message ?? "it could not be tried out"] as const);
      }),
    );
    if (sealed.every(({ file, text }) => text === null || !spoilt.has(file))) return { proposal, sealed };
    sealed = sealed.map((each) => {
      const because = spoilt.get(each.file);
      return because === undefined ? each : { ...each, text: null, because };
    });
  }
}

export function textsOf(sealed: readonly SealedImport[]): Map<string, string> {
  return new Map(sealed.flatMap(({ file, text }) => (text === null ? [] : [[file, text] as const])));
}

async function sealFiles(
  { files, links, secrets, seal }: Sealing & { seal: SealRequest },
  imported: ReadonlySet<string>,
): Promise<SealedImport[]> {
  const own = secrets.filter(({ folder, file }) => imported.has(folder) && !/\.ya?ml$/i.test(file));
  const byFile = [...Map.groupBy(own, ({ file }) => file)].toSorted(([a], [b]) => compareText(a, b));
  return Promise.all(
    byFile.map(async ([path, found]): Promise<SealedImport> => {
      const names = [...new Set(found.map(({ name }) => name))];
      const file = files.get(path);
      const left = (because: string) => ({ file: path, names, text: null, because });
      if (file === undefined || links.has(path)) return left("it is a link");
      const recipients = [...new Set([seal.key, ...seal.others])];
      const text = await sealVariables(
        { path, text: decodeText(file.bytes) },
        { recipients, only: names, at: seal.at },
      );
      if (text === null)
        return left("a line of it cannot be written in SOPS' format, or names a variable of elsewhere");
      return { file: path, names, text, because: null };
    }),
  );
}
