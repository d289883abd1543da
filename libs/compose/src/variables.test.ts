import { variablesOf } from "@keelson/model";

import { describe, expect, it } from "vitest";

import { gateCompose } from "./gate.ts";
import { sampleInput } from "./sample-input.ts";
import { writeVariables } from "./variables.ts";

describe("variablesOf", () => {
  it.each([
    ["$A", ["A"]],
    ["${A}", ["A"]],
    ["x${A}y$B_1-z", ["A", "B_1"]],
    ["${A:-d}${B-d}${C:?e}${D?e}${E:+r}${F+r}", ["A", "B", "C", "D", "E", "F"]],
    ["${A:-${B:-$C}}", ["A", "B", "C"]],
    ["$$A $${B} $$$C", ["C"]],
    ["$ $1 ${} $(id) a$", []],
    ["$ſ ${ſ:-x} $\u212A ${Aſ}", ["ſ", "\u212A", "Aſ"]],
  ])("must find in %s the variables %j", (text, names) => {
    expect(variablesOf(text)).toEqual(names);
  });
});

describe("variables of a package", () => {
  it("must all be declared, wherever they are used", () => {
    const text =
      "services: {app: {image: 'app:${TAG}', environment: {A: '${TAG}', B: '${HOME}'}, labels: ['a=$$HOME']}}";
    const problems = gateCompose(sampleInput({ files: { "compose.yaml": text }, variables: { TAG: "1" } }));
    expect(problems.map(({ code, path, message }) => [code, path, message])).toEqual([
      ["K1411", "services.app.environment.B", "the variable HOME is not declared"],
    ]);
  });

  it("must be declared for included, extended and override files too, and in spite of a default", () => {
    const files = {
      "compose.yaml": "include: [inc.yaml]\nservices: {app: {extends: {service: a, file: base.yaml}}}",
      "inc.yaml": "services: {inc: {image: '${ONE:-x}'}}",
      "base.yaml": "services: {a: {image: '$TWO'}}",
    };
    const override = "services: {app: {command: ['${THREE}']}}";
    const names = gateCompose(sampleInput({ files, override })).map(
      ({ code, message }) => `${code} ${message}`,
    );
    expect(names).toEqual(
      ["THREE", "TWO", "ONE"].map((name) => `K1411 the variable ${name} is not declared`),
    );
    expect(
      gateCompose(sampleInput({ files, override, variables: { ONE: "", TWO: "x", THREE: "" } })),
    ).toEqual([]);
  });

  it.each(["constructor", "toString", "__proto__"])(
    "must be declared also where they are called like what every object has: %s",
    (name) => {
      const text = `services: {app: {image: app, ports: ["\${${name}}80"], scale: "\${${name}:-1}", links: ["$${name}"]}}`;
      const files = { "compose.yaml": text };
      const codes = gateCompose(sampleInput({ files })).map(({ code, message }) => `${code} ${message}`);
      // Once, however often it is used.
      expect(codes).toEqual([`K1411 the variable ${name} is not declared`]);
      const variables: Record<string, string> = JSON.parse(`{"${name}": "1"}`);
      expect(gateCompose(sampleInput({ files, variables }))).toEqual([]);
    },
  );

  it.each(["COMPOSE_FILE", "COMPOSE_NEW", "DOCKER_HOST", "DOCKER_TLS", "DOCKER_CLI_HINTS", "HOME", "PWD"])(
    "must not be called %s",
    (name) => {
      const files = {
        "compose.yaml": "services: {app: {image: app}}",
        "package.yaml": `name: core\nvariables:\n  ${name}: x\n`,
      };
      expect(gateCompose(sampleInput({ files, variables: { [name]: "x", [`MY_${name}`]: "x" } }))).toEqual([
        expect.objectContaining({
          code: "K1412",
          file: "releases/sample/1.0.0/packages/core/package.yaml",
          line: 3,
          column: 3,
          path: `variables.${name}`,
          sourceLine: `  ${name}: x`,
        }),
      ]);
    },
  );

  it.each(["DOCKER_DIR", "DOCKER_VOLUME_STORAGE", "DOCKER_HOSTS", "COMPOSEFILE", "HOMEPAGE"])(
    "may be called %s, which only begins like one that is taken",
    (name) => {
      const files = { "compose.yaml": `services: {app: {image: "\${${name}}"}}` };
      expect(gateCompose(sampleInput({ files, variables: { [name]: "x" } }))).toEqual([]);
    },
  );

  it("must be written so that Compose takes them as they are", () => {
    expect(writeVariables({ A: "plain", B: `a"b'c\\d$e\nf\rg` })).toBe(
      `A="plain"\nB="a\\"b'c\\\\d\\$e\\nf\\rg"\n`,
    );
  });
});
