import type { Snapshot, SourceFile } from "@keelson/model";

/** The revision as if it had these files under `environments/`, and no other ones there. */
export function withDocuments(revision: Snapshot, documents: ReadonlyMap<string, string>): Snapshot {
  const isOurs = (path: string) => path.startsWith("environments/");
  const added = (asked: readonly string[]) =>
    [...documents].filter(([path]) =>
      asked.some((each) => (each === "" || each.endsWith("/") ? path.startsWith(each) : path === each)),
    );
  return {
    ...revision,
    readFiles: async (asked) => {
      const files = await revision.readFiles(asked);
      return new Map([
        ...[...files].filter(([path]) => !isOurs(path)),
        ...added(asked).map(([path, text]): [string, SourceFile] => [
          path,
          { path, mode: "100644", bytes: new TextEncoder().encode(text) },
        ]),
      ]);
    },
    listPaths: async (asked) =>
      [
        ...(await revision.listPaths(asked)).filter((path) => !isOurs(path)),
        ...added(asked).map(([path]) => path),
      ].sort(),
  };
}

/** The revision as if files of it had other texts. */
export function withTexts(revision: Snapshot, texts: ReadonlyMap<string, string>): Snapshot {
  const changed = (file: SourceFile): SourceFile => {
    const text = texts.get(file.path);
    return text === undefined ? file : { ...file, bytes: new TextEncoder().encode(text) };
  };
  return {
    ...revision,
    readFiles: async (asked) =>
      new Map([...(await revision.readFiles(asked))].map(([path, file]) => [path, changed(file)])),
  };
}
