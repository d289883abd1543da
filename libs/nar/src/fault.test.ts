import { describe, expect, it } from "vitest";

import { type TreeNode, findTreeFaults } from "./index.ts";
import { type TestTree, file, folder, link, nodesOf } from "./test-tree.ts";

async function faultsOf(tree: TestTree): Promise<string[]> {
  return (await findTreeFaults(nodesOf(tree))).map(({ path, message }) => `${path} ${message}`);
}

describe("what the folder of a release must not have", () => {
  it("is nothing of an ordinary folder", async () => {
    const tree = folder({
      "release.yaml": file("name: hello\n"),
      ".gitignore": file("*.log\n"),
      packages: folder({
        web: folder({ "compose.yaml": file(), "run.sh": file("", true), latest: link("../web/run.sh") }),
      }),
      "every folder": link("."),
      nothing: link("missing/file"),
    });
    expect(await faultsOf(tree)).toEqual([]);
  });

  it("is a root that is no folder", async () => {
    expect(await faultsOf(file("text"))).toEqual([". is not a folder"]);
    expect(await faultsOf(link("elsewhere"))).toEqual([". is not a folder"]);
  });

  it("is names that some disks take for one", async () => {
    const tree = folder({
      conf: folder({ "Ä.yml": file(), "A\u0308.yml": file(), "a\u0308.yml": file() }),
      README: file(),
      Readme: folder({ x: file() }),
      straße: file(),
      STRASSE: file(),
      other: folder({ conf: file() }),
    });
    expect(await faultsOf(tree)).toEqual([
      'Readme and "README" are one name on some disks',
      'conf/a\u0308.yml and "A\u0308.yml" are one name on some disks',
      'conf/Ä.yml and "A\u0308.yml" are one name on some disks',
      'straße and "STRASSE" are one name on some disks',
    ]);
  });

  it("is names that are not UTF-8", async () => {
    const nodes: TreeNode[] = [
      { kind: "folder", depth: 0, name: Buffer.alloc(0) },
      { kind: "link", target: Buffer.from([0xc3, 0x28]), depth: 1, name: Buffer.from("link") },
      { kind: "folder", depth: 1, name: Buffer.from([0xff]) },
      { kind: "file", isExecutable: false, sizeBytes: 0, chunks: [], depth: 2, name: Buffer.from("x") },
    ];
    expect(await findTreeFaults(nodes)).toEqual([
      { path: "link", kind: "not-utf-8", message: "leads to a name that is not UTF-8" },
      { path: "\\xff", kind: "not-utf-8", message: "has a name that is not UTF-8" },
    ]);
  });

  it("is what belongs to Git", async () => {
    const tree = folder({ ".GIT": folder({ HEAD: file() }), sub: folder({ ".git": file("gitdir: x") }) });
    expect(await faultsOf(tree)).toEqual([
      ".GIT has a name that is Git's own",
      "sub/.git has a name that is Git's own",
    ]);
  });

  it("is folders that Git does not hold", async () => {
    const tree = folder({ a: folder({ b: folder({ c: folder() }), d: folder() }), e: folder({ f: file() }) });
    expect(await faultsOf(tree)).toEqual([
      "a/b/c is an empty folder, and Git has none",
      "a/d is an empty folder, and Git has none",
    ]);
    expect(await faultsOf(folder())).toEqual([". is an empty folder, and Git has none"]);
  });

  it("is what is neither a file nor a folder nor a link", async () => {
    expect(await faultsOf(folder({ sub: folder({ pipe: { kind: "special" } }) }))).toEqual([
      "sub/pipe is a device, a pipe or a socket",
    ]);
  });

  it("is links to what is elsewhere", async () => {
    const tree = folder({
      absolute: link("/etc/passwd"),
      above: link(".."),
      sub: folder({
        deep: folder({ inside: link("../../file"), outside: link("../../../file") }),
        root: link(".."),
        same: link("../sub/deep/./inside"),
      }),
      // A disk goes up from where the link on the way leads.
      up: link("sub/root/../x"),
      down: link("sub/deep/../../x"),
      behind: link("absolute/x"),
      circle: link("circle"),
      file: file(),
    });
    expect(await faultsOf(tree)).toEqual([
      'above leads out of the folder, to ".."',
      'absolute leads to the absolute path "/etc/passwd"',
      'sub/deep/outside leads out of the folder, to "../../../file"',
      'up leads out of the folder, to "sub/root/../x"',
    ]);
  });

  it("is all of it at once, in the order of an archive", async () => {
    const tree = folder({ b: link("/x"), a: folder(), c: { kind: "special" }, C: file() });
    expect((await findTreeFaults(nodesOf(tree))).map(({ path, kind }) => `${path} ${kind}`)).toEqual([
      "a empty-folder",
      "b absolute-link",
      "c collision",
      "c special",
    ]);
  });
});
