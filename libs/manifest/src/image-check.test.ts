import { expect, test } from "vitest";

import { readRepository } from "./repository.ts";
import { changed, lines, problemsAfter } from "./test-files.ts";

const lab = "environments/lab/environment.yaml";

function withImages(images: string) {
  return { [lab]: (text: string) => `images: ${images}\n${text}` };
}

test("an image must be of a service of a package that the environment places", () => {
  expect(problemsAfter(withImages('{ pryv/core/api: "registry.example/api:1" }'))).toBe("");
  expect(problemsAfter(withImages("{ pryv/cor/api: api:1 }"))).toBe(
    `error[K1442] ${lab}:1:11 environment lab places no package \`pryv/cor\`
   1 | images: { pryv/cor/api: api:1 }
     |           ^
  hint: did you mean \`pryv/core\`?`,
  );
  const { problems } = readRepository(changed(withImages("{ pryv/core: api:1, ./apps/x/web: web:1 }")));
  expect(lines(problems)).toEqual([
    `K1442 ${lab}:1:11 \`pryv/core\` is a package, and an image is that of one service`,
    `K1442 ${lab}:1:29 environment lab places no package \`./apps/x\``,
  ]);
});

test("an image says nothing where an instance is left out for its own mistake", () => {
  const change = {
    [lab]: (text: string) =>
      `images: { pryv/core/api: api:1 }\n${text.replaceAll("package: pryv/core", "package: [pryv/core]")}`,
  };
  expect(lines(readRepository(changed(change)).problems).join("\n")).not.toContain("K1442");
});
