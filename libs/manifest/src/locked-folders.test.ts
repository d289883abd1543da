import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { findEnvironmentFolders, findLockedFolders } from "./locked-folders.ts";
import { readRepository } from "./repository.ts";
import { changed, fileOf, filesOf, platform, replace } from "./test-files.ts";

const lock = "environments/lab/lock.yaml";

describe("the folders that a lock names", () => {
  test("are those of its releases", () => {
    const text = "releases: { pryv: { version: 1.9.2 }, mail: { version: 2.0.0-rc.1 } }\ninstances: {}\n";
    expect(findLockedFolders(changed({ [lock]: text }), "lab")).toEqual([
      "releases/pryv/1.9.2/",
      "releases/mail/2.0.0-rc.1/",
    ]);
    const misspelt = changed({ [lock]: text.replace("releases:", "relases:") });
    expect(findLockedFolders(misspelt, "lab")).toHaveLength(2);
  });

  test("are all that reading needs", () => {
    const files = filesOf(platform);
    const prefixes = ["environments/", ...findLockedFolders(files, "lab")];
    const read = new Map([...files].filter(([path]) => prefixes.some((prefix) => path.startsWith(prefix))));
    expect(readRepository(read).problems).toEqual([]);
  });

  test.each([
    ["a lock that is not valid", `${platform[lock]}unknown: key\n`, ["releases/pryv/1.9.2/"]],
    [
      "a lock that is not YAML",
      "releases: { pryv: { version: 1.9.2 } }\ninstances: {\n",
      ["releases/pryv/1.9.2/"],
    ],
    [
      "an entry without a version",
      "releases: { a: {}, b: 1, c: [], d: { version: 1.0.0 } }\n",
      ["releases/d/1.0.0/"],
    ],
    [
      "a name that leaves the folder",
      'releases: { "../x": { version: 1.0.0 }, a: { version: ../1.0.0 } }\n',
      [],
    ],
    ["a list", "- releases\n", []],
    ["nothing", "", []],
  ])("are what can be made of %s", (_, text, folders) => {
    expect(findLockedFolders(changed({ [lock]: text }), "lab")).toEqual(folders);
  });

  test("are none without a lock, or with any other bytes", () => {
    expect(findLockedFolders(changed({ [lock]: null }), "lab")).toEqual([]);
    expect(findLockedFolders(filesOf(platform), "nowhere")).toEqual([]);
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const folders = findLockedFolders(new Map([[lock, fileOf(lock, bytes)]]), "lab");
        expect(folders.filter((folder) => folder.includes(".."))).toEqual([]);
      }),
    );
  });
});

describe("the folders of an environment", () => {
  test("are its own and those of what it extends, furthest first", () => {
    expect(findEnvironmentFolders(filesOf(platform), "lab")).toEqual([
      "environments/base/",
      "environments/lab/",
    ]);
    expect(findEnvironmentFolders(filesOf(platform), "base")).toEqual(["environments/base/"]);
    const misspelt = changed({ "environments/lab/environment.yaml": replace("extends:", "extend:") });
    expect(findEnvironmentFolders(misspelt, "lab")).toEqual(["environments/base/", "environments/lab/"]);
  });

  test("end at a cycle, at a broken document and at what is no name", () => {
    const cycle = changed({ "environments/base/environment.yaml": (text) => `${text}extends: lab\n` });
    expect(findEnvironmentFolders(cycle, "lab")).toEqual(["environments/base/", "environments/lab/"]);
    const up = changed({ "environments/lab/environment.yaml": replace("extends: base", "extends: ../..") });
    expect(findEnvironmentFolders(up, "lab")).toEqual(["environments/lab/"]);
    expect(findEnvironmentFolders(new Map(), "../lab")).toEqual([]);
  });

  test("keep what is wrong elsewhere away from a node", () => {
    const other = {
      "environments/other/environment.yaml": "name: other\nextends: base\nreleases: { pryv: ^9.0.0 }\n",
    };
    const files = changed({ ...other, "environments/other/nodes/n.yaml": "name: n\n" });
    expect(readRepository(files).problems).not.toEqual([]);
    const prefixes = [...findEnvironmentFolders(files, "lab"), ...findLockedFolders(files, "lab")];
    const mine = new Map([...files].filter(([path]) => prefixes.some((prefix) => path.startsWith(prefix))));
    expect(readRepository(mine).problems).toEqual([]);
  });
});
