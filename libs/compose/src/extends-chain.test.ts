import { expect, it } from "vitest";

import { gateCompose } from "./gate.ts";
import { sampleInput } from "./sample-input.ts";

const base = `
services:
  plain: { image: "app:1" }
  between: { extends: deep, image: "app:1" }
  deep: { image: "app:1", privileged: true }
  accelerated: { image: "app:1", devices: ["/dev/dri:/dev/dri"] }
`;

const codesOf = (service: string) =>
  gateCompose(
    sampleInput({
      files: {
        "compose.yaml": `services: { app: { extends: { file: base.yaml, service: ${service} } } }`,
        "base.yaml": base,
      },
    }),
  ).map(({ code, line }) => `${code}:${line}`);

it("must judge of a file that others extend what they extend, however far down, and nothing else", () => {
  expect(codesOf("plain")).toEqual([]);
  expect(codesOf("accelerated")).toEqual(["K1403:6"]);
  expect(codesOf("between")).toEqual(["K1401:5"]);
});
