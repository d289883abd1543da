import { describe, expect, it } from "vitest";

import { gateCompose } from "./gate.ts";
import { sampleInput } from "./sample-input.ts";

describe("an env_file", () => {
  it.each([
    ["KEY", "K1409"],
    ["A=1\nKEY\nB=2", "K1409"],
    ["export KEY", "K1409"],
    ['A="x" KEY', "K1409"],
    ["A='x\ny'\nKEY", "K1409"],
    ["A=$HOME", "K1411"],
    ["A=${HOME}/x", "K1411"],
    ['A="a\n${HOME}"', "K1411"],
    ["A=${B:-$HOME}\nB=1", "K1411"],
    ["HOME=/x\nA=$HOME", "K1411"],
    ["PWD=/x\nA=${PWD}", "K1411"],
    ["DOCKER_CONFIG=/x\nA=${DOCKER_CONFIG}", "K1411"],
    ["COMPOSE_PROJECT_NAME=x\nA=${COMPOSE_PROJECT_NAME}", "K1411"],
  ])("must not take from the agent's environment what %j asks for", (text, code) => {
    expect(new Set(gate(text).map((problem) => problem.code))).toEqual(new Set([code]));
  });

  it.each([
    "KEY=",
    "KEY: value",
    "export KEY=1",
    "# KEY\n\n  \t\nA=1",
    "A='x\nKEY\ny'",
    'A="x\nKEY\n\\"y" # KEY',
    "A='$HOME'",
    "A=$$HOME",
    'A="\\$HOME"',
    "A=$TAG",
    "B=1\nA=${B}",
    "HOME=/x\nPWD=$$PWD",
    "A=it's\nB=don't",
    "",
  ])("must accept %j", (text) => {
    expect(gate(text)).toEqual([]);
  });

  it("must be named with its own line", () => {
    expect(gate("A=1\n\nKEY\n")).toEqual([
      expect.objectContaining({
        code: "K1409",
        file: "releases/sample/1.0.0/packages/core/a.env",
        line: 3,
        path: "KEY",
        sourceLine: "KEY",
      }),
    ]);
  });

  it("must be named where it is used when it is rendered", () => {
    const files = { "compose.yaml": "services:\n  app:\n    image: app\n    env_file: core/app.env\n" };
    expect(gateCompose(sampleInput({ files, rendered: { "core/app.env": "A=1\nKEY" } }))).toEqual([
      expect.objectContaining({
        file: "releases/sample/1.0.0/packages/core/compose.yaml",
        line: 4,
        message: expect.stringMatching(/^line 2 of the rendered core\/app\.env: KEY has no value/),
      }),
    ]);
  });

  it("must be scanned in time that grows with its length only", { timeout: 30_000 }, () => {
    const codes = (text: string) => gate(text).map(({ code }) => code);
    expect(codes(`A${" ".repeat(500_000)}B`)).toMatchInlineSnapshot(`
      [
        "K1409",
      ]
    `);
    expect(codes(`A="${'\\"'.repeat(250_000)}`)).toMatchInlineSnapshot(`[]`);
    expect(codes("A='x' ".repeat(10_000))).toMatchInlineSnapshot(`[]`);
  });
});

describe("an env_file of format raw", () => {
  const raw = (text: string, format = "raw") => {
    const main = `services: {app: {image: app, env_file: [{path: a.env, format: ${format}}]}}`;
    return gateCompose(sampleInput({ files: { "compose.yaml": main, "a.env": text } })).map(
      ({ code, line }) => [code, line],
    );
  };

  it("must be read line by line and without variables", () => {
    expect(raw("A=$HOME\n# KEY\n\nB=\"\nC=it's")).toEqual([]);
    expect(raw('A="\nKEY\n"=')).toEqual([["K1409", 2]]);
  });

  it("must be the only format", () => {
    expect(raw("A=1", "other")).toEqual([["K1408", 1]]);
    expect(raw("A=1", "'${X}'")).toEqual([
      ["K1408", 1],
      ["K1411", 1],
    ]);
  });
});

describe("a label_file", () => {
  it("must not use variables of the package, which Compose does not give it", () => {
    expect(gate("a=$TAG", "label_file").map(({ code }) => code)).toEqual(["K1411"]);
    expect(gate("b=1\na=$b", "label_file")).toEqual([]);
  });
});

function gate(text: string, key = "env_file") {
  const files = { "compose.yaml": `services: {app: {image: app, ${key}: a.env}}`, "a.env": text };
  return gateCompose(sampleInput({ files, variables: { TAG: "1" } }));
}
