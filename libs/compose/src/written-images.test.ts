import { describe, expect, test } from "vitest";

import { sampleInput } from "./sample-input.ts";
import { listImages } from "./written-images.ts";

const listed = (files: Record<string, string>, variables: Record<string, string> = {}) =>
  listImages(sampleInput({ files, variables })).map(({ service, reference, open }) => ({
    service,
    reference,
    open,
  }));

describe("the images of a package", () => {
  test("have the variables that are given, and the defaults of others", () => {
    const compose = `services:
  plain: { image: "web:1" }
  given: { image: "web:$TAG" }
  default: { image: "\${HUB:-r.example}/web:\${TAG}" }
  open: { image: "web:\${OTHER}" }
`;
    expect(listed({ "compose.yaml": compose }, { TAG: "2" })).toEqual([
      { service: "plain", reference: "web:1", open: [] },
      { service: "given", reference: "web:2", open: [] },
      { service: "default", reference: "r.example/web:2", open: ["HUB"] },
      { service: "open", reference: null, open: ["OTHER"] },
    ]);
  });

  test("are those of what a service extends, where it has none itself", () => {
    const files = {
      "compose.yaml": `services:
  web: { extends: { file: base.yaml, service: app } }
  own: { image: "own:1", extends: { file: base.yaml, service: app } }
  built: { build: . }
`,
      "base.yaml": 'services: { app: { image: "app:1" }, unused: { image: "unused:1" } }\n',
    };
    expect(listed(files)).toEqual([
      { service: "web", reference: "app:1", open: [] },
      { service: "own", reference: "own:1", open: [] },
    ]);
  });

  test("say where they stand", () => {
    const [first] = listImages(
      sampleInput({ files: { "compose.yaml": "services:\n  web:\n    image: web:1\n" } }),
    );
    expect(first?.place).toMatchObject({ line: 3, sourceLine: "    image: web:1" });
  });
});
