import * as fc from "fast-check";
import type { SourceFile } from "@keelson/model";
import { describe, expect, it } from "vitest";

import { digestOf, dumpNar, narDigest, readNar, treeOfFiles } from "./index.ts";
import { isUnread } from "./source-tree.ts";
import { bytesOf, file, folder, inPieces, link, nodesOf } from "./test-tree.ts";

/** What `nix-store --dump` writes for this tree, with a line for each string; `0` is a zero. */
const archive = `
13.......nix-archive-1000
1.......(0000000 4.......type0000 9.......directory0000000
5.......entry000 1.......(0000000 4.......name0000 3.......bin00000 4.......node0000
1.......(0000000 4.......type0000 7.......regular0 10.......executable000000 0....... 8.......contents 3.......a0b00000 1.......)0000000
1.......)0000000
5.......entry000 1.......(0000000 4.......name0000 4.......link0000 4.......node0000
1.......(0000000 4.......type0000 7.......symlink0 6.......target00 3.......bin00000 1.......)0000000
1.......)0000000
1.......)0000000
`;

function written(text: string): Buffer {
  return Buffer.concat(
    text
      .trim()
      .split(/\s+/)
      .map((each) => {
        const [, length = "", rest = ""] = /^(\d+)\.{7}(.*)$/.exec(each) ?? [];
        const head = Buffer.alloc(8);
        head.writeUInt32LE(Number(length));
        return Buffer.concat([head, Buffer.from(rest.replaceAll("0", "\0"))]);
      }),
  );
}

const example = folder({ bin: file("a\0b", true), link: link("bin") });

describe("the archive of a tree", () => {
  it("must be what Nix writes", async () => {
    expect((await bytesOf(dumpNar(nodesOf(example)))).toString("hex")).toBe(written(archive).toString("hex"));
  });

  it("must have the digest that Nix computed of it", async () => {
    const digest = "sha256-1ZhbwNrRzjxSkRGXQz5t5Tcsg3zaJmpQL+1YWnpxsbo=";
    expect(await narDigest(nodesOf(example))).toBe(digest);
    expect(await digestOf([written(archive)])).toBe(digest);
  });

  it("must not depend on the pieces in which contents come", async () => {
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
    const whole = await narDigest(nodesOf(folder({ large: file(bytes), small: file("x") })));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1_000, max: 200_000 }), async (size) => {
        const nodes = [...nodesOf(folder({ large: file(bytes), small: file("x") }))].map((node) =>
          node.kind === "file" && node.sizeBytes > 1 ? { ...node, chunks: inPieces(bytes, size) } : node,
        );
        expect(await narDigest(nodes)).toBe(whole);
      }),
      { numRuns: 20 },
    );
  });

  it("must say the size of a file of more than 4 GiB", async () => {
    const sizeBytes = 5 * 2 ** 30 + 3;
    const name = new Uint8Array();
    // Nothing else is looked at, so nothing has to be there.
    const nodes = [{ kind: "file", isExecutable: false, sizeBytes, chunks: [], depth: 0, name } as const];
    const head = await bytesOf(dumpNar(nodes));
    expect(head.readBigUInt64LE(head.indexOf("contents") + 8)).toBe(BigInt(sizeBytes));
    const reading = readNar([head]);
    expect((await reading.next()).value).toMatchObject({ kind: "file", sizeBytes });
    await expect(reading.next()).rejects.toMatchObject({ code: "K9083" });
  });

  it("must not be made of what none can hold", async () => {
    const pipe = folder({ sub: folder({ pipe: { kind: "special" } }) });
    await expect(narDigest(nodesOf(pipe))).rejects.toMatchObject({
      code: "K9082",
      message: "sub/pipe is a device, a pipe or a socket",
    });
  });
});

describe("the tree of a revision's folder", () => {
  it("must be the folder as it is checked out", async () => {
    const text = (path: string, content: string, mode: "100644" | "100755" | "120000" = "100644") => ({
      path,
      mode,
      bytes: Buffer.from(content),
    });
    const files = [
      // The order of Git: a folder counts as `a/`.
      text("releases/hello/0.1.0/a-b", "1"),
      text("releases/hello/0.1.0/a.b/c", "2", "100755"),
      text("releases/hello/0.1.0/a/b/c", "3"),
      text("releases/hello/0.1.0/a/b/d", "bin", "120000"),
      text("releases/hello/0.1.0/a/e/c", "5"),
      text("releases/hello/0.1.0/\u{1f600}", "6"),
      text("releases/hello/0.1.0/\uff61", "7"),
      text("releases/hello/0.1.0-1/other", "8"),
    ];
    const tree = folder({
      a: folder({ b: folder({ c: file("3"), d: link("bin") }), e: folder({ c: file("5") }) }),
      "a-b": file("1"),
      "a.b": folder({ c: file("2", true) }),
      "\uff61": file("7"),
      "\u{1f600}": file("6"),
    });
    const found = await narDigest(treeOfFiles(files.toReversed(), "releases/hello/0.1.0"));
    expect(found).toBe(await narDigest(nodesOf(tree)));
  });

  it("must be none where a content is not there", async () => {
    const at = (path: string, mode: "100644" | "160000", more: Partial<SourceFile> = {}): SourceFile => ({
      path: `releases/hello/0.1.0/${path}`,
      mode,
      bytes: new Uint8Array(),
      ...more,
    });
    const unread = [at("submodule", "160000"), at("pipe", "100644", { special: true })];
    for (const each of unread) {
      const digest = narDigest(treeOfFiles([at("a", "100644"), each], "releases/hello/0.1.0"));
      await expect(digest).rejects.toMatchObject({ code: "K9082" });
    }
    const large = at("large", "100644", { tooLarge: { sizeBytes: 2, limitBytes: 1 } });
    expect([...unread, large, at("a", "100644")].map(isUnread)).toEqual([true, true, true, false]);
  });
});
