import { expect, test } from "vitest";

import { formatProblems } from "../../report/src/problem.ts";
import { layerVariables } from "./layer-variables.ts";
import { layerOf } from "./test-layers.ts";

const variables = new Set(["PORT", "TITLE", "DEBUG"]);
const layer = (...layers: Parameters<typeof layerVariables>[0]["layers"]) =>
  layerVariables({ reference: "./apps/wiki", variables, layers });

test("the settings of a local package are its variables, and a node's win over the environment's", () => {
  const { values, provenance, problems } = layer(
    layerOf("instance", "PORT: 8201\nTITLE: a\nDEBUG: false"),
    layerOf("node", "PORT: 8202"),
  );
  expect(problems).toEqual([]);
  expect(values).toEqual({ PORT: 8202, TITLE: "a", DEBUG: false });
  expect(provenance).toMatchObject({
    PORT: { layer: "node", file: "node.yaml", line: 4 },
    TITLE: { layer: "instance", file: "instance.yaml", line: 5 },
  });
});

test("a number has the text that is written, as versions have it", () => {
  const of = (text: string) => layer(layerOf("instance", `PORT: &n ${text}\nTITLE: *n`)).values;
  expect(of("1.10")).toEqual({ PORT: "1.10", TITLE: "1.10" });
  expect(of("0o17")).toEqual({ PORT: "0o17", TITLE: "0o17" });
  expect(of("1e3")).toEqual({ PORT: "1e3", TITLE: "1e3" });
  expect(of("8200")).toEqual({ PORT: 8200, TITLE: 8200 });
  expect(of("1.5")).toEqual({ PORT: 1.5, TITLE: 1.5 });
});

test("what is no variable, and what is no plain value, is a problem at its place", () => {
  const { values, problems } = layer(layerOf("instance", "PROT: 1\nTITLE: [a]\nDEBUG: null"));
  expect(values).toEqual({});
  expect(formatProblems(problems)).toBe(`error[K1130] instance.yaml:4:5 ./apps/wiki has no variable \`PROT\`
   4 |     PROT: 1
     |     ^
  hint: did you mean \`PORT\`?

error[K1131] instance.yaml:5:12 \`TITLE\`: expected text, a number, or true or false; found a list
   5 |     TITLE: [a]
     |            ^
  hint: A variable of a Compose file has one plain value.

error[K1131] instance.yaml:6:12 \`DEBUG\`: expected text, a number, or true or false; found nothing
   6 |     DEBUG: null
     |            ^
  hint: A variable of a Compose file has one plain value.`);
});
