import { describe, expect, it } from "vitest";

import { gateCompose } from "./gate.ts";
import { sampleInput } from "./sample-input.ts";

const services = (count: number, service: string) =>
  Array.from({ length: count }, (_, index) => `  s${index}: ${service}\n`).join("");
const doubling = (count: number) =>
  Array.from(
    { length: count },
    (_, index) => `A${index}=${index === 0 ? "xy" : `\${A${index - 1}}$A${index - 1}`}`,
  );

function gate(sample: Parameters<typeof sampleInput>[0]) {
  return gateCompose(sampleInput(sample)).map(({ code, file, path }) => [code, file.split("/").at(-1), path]);
}

describe("a small file of which Compose would make a large model", () => {
  it("must be refused: an env_file whose values double", () => {
    const compose = "services: {app: {image: app, env_file: a.env}}";
    const files = { "compose.yaml": compose, "a.env": doubling(40).join("\n") };
    expect(gate({ files })).toEqual([["K1418", "a.env", "A16"]]);
    expect(gate({ files: { ...files, "a.env": doubling(15).join("\n") } })).toEqual([]);
  });

  it("must be refused: an env_file that uses a long variable again and again", () => {
    const compose = "services: {app: {image: app, env_file: a.env}}";
    const input = (count: number) => ({
      files: { "compose.yaml": compose, "a.env": `A="${"${LONG}".repeat(count)}"` },
      variables: { LONG: "x".repeat(1000) },
    });
    expect(gate(input(1100))).toEqual([["K1418", "a.env", "A"]]);
    expect(gate(input(100))).toEqual([]);
  });

  it("must be refused: a label_file, of which a value repeats what is above", () => {
    const files = {
      "compose.yaml": "services: {app: {image: app, label_file: a.labels}}",
      "a.labels": doubling(40).join("\n"),
    };
    expect(gate({ files })).toEqual([["K1418", "a.labels", "A16"]]);
  });

  it("must be refused: a long variable that is used again and again", () => {
    const input = (uses: number) => ({
      files: { "compose.yaml": `services: {app: {image: app, command: [${'"$LONG",'.repeat(uses)}]}}` },
      variables: { LONG: "x".repeat(100_000) },
    });
    expect(gate(input(100))).toEqual([["K1418", "compose.yaml", ""]]);
    expect(gate(input(10))).toEqual([]);
  });

  it("must be refused: a long service that many extend, also in a chain", () => {
    const long = `  long: {image: app, environment: [${'"LONG=1234567890",'.repeat(1000)}]}\n`;
    const files = (count: number) => ({
      "compose.yaml": `services:\n${long}${services(count, "{extends: long}")}`,
    });
    expect(gate({ files: files(1000) })).toEqual([
      ["K1418", "compose.yaml", expect.stringMatching(/^services\.s/)],
    ]);
    expect(gate({ files: files(20) })).toEqual([]);
    const chain = Array.from(
      { length: 2000 },
      (_, index) => `  s${index}: {image: app, extends: s${index - 1}}\n`,
    );
    const chained = { "compose.yaml": `services:\n  s-1: {image: app}\n${chain.join("")}` };
    expect(gate({ files: chained })).toEqual([
      ["K1418", "compose.yaml", expect.stringMatching(/^services\.s/)],
    ]);
  });

  it("must be refused: a long file that is read for many services", () => {
    const files = (count: number) => ({
      "compose.yaml": `services:\n${services(count, "{image: app, env_file: a.env}")}`,
      "a.env": `A=${"x".repeat(500_000)}`,
    });
    expect(gate({ files: files(50) })).toEqual([["K1418", "compose.yaml", "services.s16"]]);
    expect(gate({ files: files(2000) })).toEqual([["K1418", "compose.yaml", "services.s16"]]);
    expect(gate({ files: files(5) })).toEqual([]);
  });
});
