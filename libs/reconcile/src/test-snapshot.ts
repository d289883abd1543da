import type { Snapshot, SourceFile, SourceFiles } from "@keelson/model";

/** A snapshot of these files, which are in memory. */
export function snapshotOfFiles(files: SourceFiles, commit = "1"): Snapshot {
  const wanted = (paths: readonly string[]): [string, SourceFile][] =>
    [...files].filter(([path]) =>
      paths.some((each) => path === each || ((each === "" || each.endsWith("/")) && path.startsWith(each))),
    );
  return {
    commit,
    ref: "refs/heads/main",
    subject: "",
    author: "",
    committedAt: null,
    readFiles: async (paths) => Promise.resolve(new Map(wanted(paths))),
    listPaths: async (paths) => Promise.resolve(wanted(paths).map(([path]) => path)),
  };
}
