import { expect, test } from "vitest";

import { findProjects } from "./found-project.ts";
import { findParts } from "./project-part.ts";
import { filesOf } from "./test-files.ts";

const partsOf = (texts: Record<string, string>) => {
  const files = filesOf(texts);
  return findParts(findProjects(files, Object.keys(texts)), files).map(
    ({ folder, of }) => `${folder} of ${of}`,
  );
};
const including = (...paths: string[]) => `include: [${paths.join(", ")}]\nservices: {}\n`;

test("a folder that is included is a part, also of what includes it from far", () => {
  const parts = partsOf({
    "a/compose.yaml": including("b/compose.yaml", "../base/compose.yaml"),
    "a/b/compose.yaml": including("../../c/compose.yaml"),
    "base/compose.yaml": "services: {}\n",
    "c/compose.yaml": "services: {}\n",
    "d/compose.yaml": "services: { x: { extends: { file: ../e/compose.yaml, service: x } } }\n",
    "e/compose.yaml": "services: { x: {} }\n",
  });
  expect(parts).toEqual(["a/b of a", "base of a", "c of a"]);
});

test("neither the top of the repository nor a circle has parts", () => {
  expect(
    partsOf({
      "compose.yaml": including("a/compose.yaml"),
      "a/compose.yaml": including("../b/compose.yaml"),
      "b/compose.yaml": including("../a/compose.yaml"),
    }),
  ).toEqual([]);
});
