import * as fc from "fast-check";
import { expect, test } from "vitest";

import { readRepository } from "./repository.ts";
import { filesOf } from "./test-files.ts";

/** An environment with one instance for each package; package n requires what the packages of its list provide. */
function repositoryOf(requires: readonly (readonly number[])[]) {
  const names = requires.map((_, n) => `p${n}`);
  const texts: Record<string, string> = {
    "releases/r/1.0.0/release.yaml": `name: r\nversion: 1.0.0\npackages: [${names.join(", ")}]\n`,
    "environments/e/environment.yaml": `name: e\nreleases: { r: 1.0.0 }\ninstances:\n${names.map((name) => `  ${name}: { package: r/${name} }\n`).join("")}`,
    "environments/e/lock.yaml": `releases: { r: { version: 1.0.0 } }\ninstances:\n${names.map((name) => `  ${name}: { package: r/${name}, version: 1.0.0 }\n`).join("")}`,
    "environments/e/nodes/n.yaml": "name: n\n",
  };
  for (const [n, needs] of requires.entries()) {
    const folder = `releases/r/1.0.0/packages/p${n}`;
    const wanted = [...new Set(needs)].map((need) => `i${need}: 1.0.0`).join(", ");
    texts[`${folder}/package.yaml`] =
      `name: p${n}\nversion: 1.0.0\nprovides: { i${n}: 1.0.0 }\nrequires: { ${wanted} }\n`;
    texts[`${folder}/compose.yaml`] = "services: {}\n";
  }
  return filesOf(texts);
}

/** Whether all packages can be started one after the other; needing oneself does not count. */
function canBeOrdered(requires: readonly (readonly number[])[]): boolean {
  const started = new Set<number>();
  for (let before = -1; before < started.size;) {
    before = started.size;
    for (const [n, needs] of requires.entries()) {
      if (needs.every((need) => need === n || started.has(need))) started.add(n);
    }
  }
  return started.size === requires.length;
}

test("a cycle is reported exactly when there is no order to start in, and the chain closes", () => {
  const graphs = fc
    .integer({ min: 1, max: 7 })
    .chain((size) =>
      fc.array(fc.array(fc.nat({ max: size - 1 }), { maxLength: 2 }), { minLength: size, maxLength: size }),
    );
  fc.assert(
    fc.property(graphs, (requires) => {
      const { problems } = readRepository(repositoryOf(requires));
      expect(problems.every(({ code }) => code === "K1108")).toBe(true);
      expect(problems.length === 0).toBe(canBeOrdered(requires));
      for (const { message } of problems) {
        const chain = message
          .replace(/^.*: /, "")
          .split(" → ")
          .map((part) => part.replace(/ .*/, ""));
        expect(chain.at(-1)).toBe(chain[0]);
        for (const [index, name] of chain.slice(0, -1).entries()) {
          expect(requires[Number(name.slice(1))]).toContain(Number(chain[index + 1]?.slice(1)));
        }
      }
    }),
    { numRuns: 100 },
  );
});

test("the shortest chain is named", () => {
  const { problems } = readRepository(repositoryOf([[1, 3], [2], [0], [0]]));
  expect(problems.map(({ message }) => message)).toEqual([
    "these instances require each other: p0 → p3 (i3) → p0 (i0)",
  ]);
});

test("a chain of a thousand packages is no cycle", () => {
  const chain = Array.from({ length: 1000 }, (_, n) => (n === 999 ? [] : [n + 1]));
  const result = readRepository(repositoryOf(chain));
  expect(result.problems).toEqual([]);
});
