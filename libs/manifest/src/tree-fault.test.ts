import * as fc from "fast-check";
import { expect, test } from "vitest";

import type { SourceFile } from "@keelson/model";

import { findTreeFaults, treeOfFiles } from "../../nar/src/index.ts";
import { readRepository } from "./repository.ts";

const folder = "releases/app/1.0.0";
const name = fc.constantFrom("a", "A", "b", "é", "e\u0301", "packages", "web");
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => `${folder}/${parts.join("/")}`);
const target = fc
  .array(fc.constantFrom("..", "..", "a", "b", "web", "", "."), { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join("/"));

const bytesOf = (text: string) => new TextEncoder().encode(text);
const file: fc.Arbitrary<SourceFile> = fc.oneof(
  fc.record({ path, mode: fc.constantFrom("100644", "100755"), bytes: fc.constant(bytesOf("x")) }),
  fc.record({ path, mode: fc.constant("120000" as const), bytes: target.map(bytesOf) }),
  fc.record({ path, mode: fc.constant("160000" as const), bytes: fc.constant(new Uint8Array()) }),
  fc.record({
    path,
    mode: fc.constant("100644" as const),
    bytes: fc.constant(new Uint8Array()),
    special: fc.constant(true as const),
  }),
);

test("what no release's folder may have is a problem of the repository, too, at its path", async () => {
  let faulty = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(file, { minLength: 1, maxLength: 8 }), async (all) => {
      // A path below a file is in no tree.
      const isBelow = (each: SourceFile) => all.some(({ path: above }) => each.path.startsWith(`${above}/`));
      const files = new Map(all.filter((each) => !isBelow(each)).map((each) => [each.path, each]));
      const faults = await findTreeFaults(treeOfFiles(files.values(), folder));
      const { problems } = readRepository(files);
      if (faults.length > 0) faulty++;
      for (const { path: below, kind } of faults) {
        const at = `${folder}/${below}`;
        // A folder of two spellings is named once, and not again for what is in it.
        const isTold =
          kind === "collision"
            ? problems.some(({ code, file: told }) => code === "K1011" && isNear(told, at))
            : problems.some(({ code, file: told }) => ["K1008", "K1448"].includes(code) && told === at);
        expect({ below, kind, isTold }).toEqual({ below, kind, isTold: true });
      }
    }),
    { numRuns: 2_000 },
  );
  expect(faulty).toBeGreaterThan(200);
});

/** Whether the one path has the first folder below the release in common with the other, whatever its spelling. */
function isNear(told: string, at: string): boolean {
  const first = (path: string) =>
    path
      .slice(folder.length + 1)
      .split("/")[0]
      ?.normalize("NFC")
      .toLowerCase();
  return first(told) === first(at);
}
