import { describe, expect, test } from "vitest";

import { writeImageLock } from "./image-lock.ts";
import { readRepository } from "./repository.ts";
import { changed, filesOf, lines } from "./test-files.ts";

const release = "releases/pryv/1.9.2";
const digest = `sha256:${"a".repeat(64)}`;
const id = `sha256:${"b".repeat(64)}`;
const images = { "core:1.9.2": { digest, platforms: { "linux/amd64": id, "linux/arm64/v8": id } } };
const text = writeImageLock({ images }, null);

const local = {
  "environments/home/environment.yaml": "name: home\ninstances:\n  wiki: { package: ./apps/wiki }\n",
  "environments/home/nodes/nas.yaml": "name: nas\n",
  "apps/wiki/compose.yaml": "services: { wiki: { image: wiki:1 } }\n",
};

describe("images.lock.yaml", () => {
  test("of a release is read as it was written", () => {
    const { repository, problems } = readRepository(changed({ [`${release}/images.lock.yaml`]: () => text }));
    expect(problems).toEqual([]);
    expect(repository.releases.get("pryv@1.9.2")?.imageLock?.value).toEqual({ images });
    expect(readRepository(changed({})).repository.releases.get("pryv@1.9.2")?.imageLock).toBeNull();
  });

  test("of a local package is read, and is part of its version", () => {
    const read = (texts: Record<string, string>) => {
      const { repository, problems } = readRepository(filesOf({ ...local, ...texts }));
      expect(problems).toEqual([]);
      return repository.local.get("./apps/wiki");
    };
    const locked = read({ "apps/wiki/images.lock.yaml": text });
    expect(locked?.imageLock?.value).toEqual({ images });
    expect(locked?.version).not.toBe(read({})?.version);
  });

  test("says what is wrong with it, and where", () => {
    const broken = "images:\n  core:1: { digest: sha1:00, platforms: {} }\n  web:1:\n    digset: x\n";
    expect(
      lines(readRepository(changed({ [`${release}/images.lock.yaml`]: () => broken })).problems),
    ).toEqual([
      `K1003 ${release}/images.lock.yaml:2:21 \`digest\`: must be a digest: sha256:<64 hex digits>, found \`sha1:00\``,
      `K1012 ${release}/images.lock.yaml:3:3 \`platforms\` is missing`,
      `K1002 ${release}/images.lock.yaml:4:5 unknown key \`digset\``,
    ]);
    const odd = `images:\n  "core 1": { digest: "${digest}", platforms: {} }\n  core:1: { digest: "${digest}", platforms: { "linux/\\u001b\\n": "${id}" } }\n`;
    const codes = lines(readRepository(changed({ [`${release}/images.lock.yaml`]: () => odd })).problems);
    expect(codes.map((line) => line.split(" ")[1]?.replace(/^.*yaml:/, ""))).toEqual([
      expect.stringMatching(/^2:/),
      expect.stringMatching(/^3:/),
    ]);
    const wrong = lines(
      readRepository(filesOf({ ...local, "apps/wiki/images.lock.yaml": "x: 1\n" })).problems,
    );
    expect(wrong.map((line) => line.split(" ").slice(0, 2))).toContainEqual([
      "K1002",
      "apps/wiki/images.lock.yaml:1:1",
    ]);
  });

  test("has the same text for the same images, whatever their order, and keeps what stands above", () => {
    const more = {
      "b:1": images["core:1.9.2"],
      "a:1": { digest, platforms: { "linux/arm64": id, "linux/amd64": id } },
    };
    const reversed = Object.fromEntries(Object.entries(more).toReversed());
    expect(writeImageLock({ images: more }, null)).toBe(writeImageLock({ images: reversed }, null));
    expect(writeImageLock({ images }, "# Ours.\n\nimages: {}\n")).toBe(
      `# Ours.\n\n${text.slice(text.indexOf("images:"))}`,
    );
    expect(writeImageLock({ images: {} }, null)).toMatch(
      /^# Written by keelson release lock.*\nimages: \{\}\n$/,
    );
  });
});
