import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { geteuid } from "node:process";
import { digestBytes } from "@keelson/model";
import type { MountLayout } from "@keelson/model";
import {
  type Arbitrary,
  asyncProperty,
  assert as check,
  constantFrom,
  dictionary,
  oneof,
  record,
  tuple,
  uniqueArray,
} from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";

import { contextOf, desiring, mountOf, placing, snapshot, visibleSnapshot } from "./mount-fixture.ts";
import { observeStore } from "./observed-store.ts";
import { placeFiles } from "./placed-files.ts";

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "keelson-store-"));
});
afterEach(() => rm(base, { recursive: true, force: true }));

type Earlier = { kind: "file" | "link" | "folder"; text: string };

const name = constantFrom("a", "b", "c", "sub", "..data", "..old");
const earlierPath = oneof(
  name,
  tuple(name, name).map((names) => names.join("/")),
  tuple(name, name, name).map((names) => names.join("/")),
);
const linkTarget = constantFrom(
  "..data/a",
  "..data/sub",
  "..old",
  "..data",
  "a",
  "sub",
  "..",
  ".",
  "ELSEWHERE",
  "nothing",
);
const earlier: Arbitrary<Earlier> = oneof(
  record({ kind: constantFrom("file" as const), text: constantFrom("one", "two") }),
  record({ kind: constantFrom("link" as const), text: linkTarget }),
  record({ kind: constantFrom("folder" as const), text: constantFrom("") }),
);
const desired = uniqueArray(
  tuple(constantFrom("a", "b", "sub/a", "sub/b", "sub/sub/a", "c/a"), constantFrom("one", "two")),
  { selector: ([path]) => path, maxLength: 6 },
);
const layout = constantFrom<MountLayout>("content", "live", "data");

test("from any earlier content, placing gives exactly the desired files, and again changes nothing", async () => {
  let runs = 0;
  const property = asyncProperty(
    record({ before: dictionary(earlierPath, earlier, { maxKeys: 8 }), layout, desired }),
    async ({ before, layout, desired }) => {
      const stateDir = join(base, `state-${runs++}`);
      const elsewhere = `${stateDir}-elsewhere`;
      await mkdir(elsewhere);
      await writeFile(join(elsewhere, "a"), "theirs");
      const mount = mountOf(layout, { target: "live/core/conf", files: Object.fromEntries(desired) });
      const bound = join(stateDir, "instances/core", mount.target);
      await makeEarlier(bound, { before, elsewhere });
      const theirs = await snapshot(elsewhere);

      await placeFiles(contextOf(stateDir), placing(mount));

      const texts = desired.map(([path, text]): [string, string] => [path, `644 ${text}`]);
      const seen = Object.entries(await visibleSnapshot(bound));
      expect(Object.fromEntries(seen.filter(([, shown]) => shown !== "folder 755"))).toEqual(
        Object.fromEntries(texts),
      );
      const all = await snapshot(join(stateDir, "instances/core"));
      await placeFiles(contextOf(stateDir), placing(mount));
      expect(await snapshot(join(stateDir, "instances/core"))).toEqual(all);
      const hidden = Object.keys(all).filter((path) => /\/conf\/\.\.[^/]*$/.test(path));
      expect(hidden.length).toBe(layout === "data" ? 2 : 0);
      expect(await snapshot(elsewhere)).toEqual(theirs);

      const { storedInstances } = await observeStore({ ...contextOf(stateDir), desired: desiring([mount]) });
      const owner = { uid: geteuid?.() ?? 0, gid: geteuid?.() ?? 0 };
      expect(storedInstances[0]).toMatchObject({ others: [], fault: null });
      expect(storedInstances[0]?.files).toEqual(
        Object.fromEntries(
          desired.map(([path, text]) => [
            `live/core/conf/${path}`,
            { contentDigest: digestBytes(text), mode: 0o644, ...owner },
          ]),
        ),
      );
    },
  );
  await check(property, { numRuns: 200 });
});

/** What cannot be made, since an earlier entry is in the way, is left out. */
async function makeEarlier(
  bound: string,
  { before, elsewhere }: { before: Record<string, Earlier>; elsewhere: string },
): Promise<void> {
  await mkdir(bound, { recursive: true });
  const root = await realpath(bound);
  // Links last, so that nothing is made through one.
  const entries = Object.entries(before).sort(
    ([, a], [, b]) => Number(a.kind === "link") - Number(b.kind === "link"),
  );
  for (const [path, { kind, text }] of entries) {
    const target = join(bound, path);
    try {
      if (kind === "link" && (await realpath(join(target, ".."))) !== join(root, path, "..")) continue;
      if (kind !== "link") await mkdir(join(target, ".."), { recursive: true });
      if (kind === "folder") await mkdir(target);
      else if (kind === "link") await symlink(text.replace("ELSEWHERE", elsewhere), target);
      else await writeFile(target, text, { flag: "wx" });
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "";
      if (!["EEXIST", "ENOTDIR", "ENOENT", "ELOOP"].includes(code)) throw error;
    }
  }
}
