import { describe, expect, test } from "vitest";

import { readRepository } from "./repository.ts";
import { changed, lines, problemsAfter } from "./test-files.ts";

const lab = "environments/lab/environment.yaml";
const base = "environments/base/environment.yaml";

function withAllow(allow: string) {
  return (text: string) =>
    text.includes("policy: {")
      ? text.replace("policy: {", `policy: { allow: ${allow},`)
      : `${text}policy: { allow: ${allow} }\n`;
}

function problemsOf(change: Parameters<typeof changed>[0]): string[] {
  return lines(readRepository(changed(change)).problems);
}

describe("grants", () => {
  test("may be to a package of a release, to a local one of an instance, and to all", () => {
    const allow = `{ "*": { gpus: true }, pryv/core: all, pryv/storage: { paths: [media, /srv/a] } }`;
    expect(problemsOf({ [lab]: withAllow(allow) })).toEqual([]);
  });

  test("must be to a package that the environment has", () => {
    expect(problemsAfter({ [lab]: withAllow("{ pryv/cor: { privileged: true } }") })).toMatch(
      /error\[K1460\] environments\/lab\/environment.yaml:\d+:\d+ a grant to `pryv\/cor`, and environment lab has no such package\n[^]*hint: did you mean `pryv\/core`\?/,
    );
    const refused = ["pryv", "other/core", "core"].map((key) =>
      problemsOf({ [lab]: withAllow(`{ ${key}: all }`) }).map((line) => line.split(" ")[0]),
    );
    expect(refused).toEqual(Array.from({ length: 3 }, () => ["K1460"]));
  });

  test("may be left behind by the folder of a local package", () => {
    expect(problemsOf({ [lab]: withAllow("{ ./apps/gone: all }") })).toEqual([]);
  });

  test("name paths that are absolute or named by the node", () => {
    const bad = ["../x", "./x", "Media", "~/x", "", "a b"].map((path) =>
      problemsOf({ [lab]: withAllow(`{ pryv/core: { paths: ["${path}"] } }`) }),
    );
    for (const problems of bad) expect(problems.join()).toMatch(/must be an absolute path, or a name/);
  });

  test("of a base are merged by key, and judged in it", () => {
    const both = {
      [base]: withAllow("{ pryv/core: all, pryv/storage: all }"),
      [lab]: withAllow("{ pryv/core: { gpus: true } }"),
    };
    const { repository, problems } = readRepository(changed(both));
    expect(lines(problems)).toEqual([]);
    expect(repository.environments.get("lab")?.environment.value.policy.allow).toEqual({
      "pryv/core": { gpus: true },
      "pryv/storage": "all",
    });
    expect(problemsOf({ [base]: withAllow("{ pryv/gone: all }") })).toEqual([
      expect.stringMatching(/^K1460 environments\/base\/environment.yaml:/),
    ]);
  });
});
