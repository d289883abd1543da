import { expect, test } from "vitest";

import { platform, render } from "./fixture.ts";

const lab = "environments/lab/environment.yaml";
const base = "environments/base/environment.yaml";

test("an image reaches the Compose files of its package, with the line that says it", () => {
  const images = 'images: { "sample/core/app": "registry.example/app:1", sample/storage/db: db:2 }\n';
  const { rendered } = render({ [lab]: `${platform[lab]}${images}` });
  expect(rendered?.instances.map(({ name, compose }) => [name, compose.images])).toEqual([
    [
      "core",
      [
        {
          service: "app",
          image: "registry.example/app:1",
          place: expect.objectContaining({ file: lab, line: 6, path: "images.sample/core/app" }),
        },
      ],
    ],
    ["storage", [expect.objectContaining({ service: "db", image: "db:2" })]],
  ]);
});

test("an image of an environment counts over that of the one it extends, and others stay", () => {
  const { rendered } = render({
    [base]: "name: base\nimages: { sample/core/app: app:1, sample/core/nginx: nginx:1 }\n",
    [lab]: `${platform[lab]}extends: base\nimages: { sample/core/app: app:2 }\n`,
  });
  const images = rendered?.instances.find(({ name }) => name === "core")?.compose.images ?? [];
  expect(images.map(({ service, image, place }) => [service, image, place.file])).toEqual([
    ["app", "app:2", lab],
    ["nginx", "nginx:1", base],
  ]);
});
