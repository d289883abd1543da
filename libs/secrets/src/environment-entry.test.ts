import { secretPlaceholder } from "@keelson/model";
import { expect, test } from "vitest";

import { secretsOf } from "./node-secrets.ts";

const faultOf = (value: string, name = "DB") =>
  secretsOf(Buffer.alloc(32), new Map([["a.b", value]])).findEnvironmentFault(
    `${name}=x${secretPlaceholder("a.b")}`,
  );

test.each(["v", 'a\n"$`é', "x".repeat(130_000)])("an environment can carry %.20j", (value) => {
  expect(faultOf(value)).toBeNull();
});

test.each([
  ["a\0b", /zero byte/],
  ["x".repeat(131_072), /128 KiB/],
  ["é".repeat(65_500), /128 KiB/],
])("no environment can carry %.20j", (value, fault) => {
  expect(faultOf(value)).toMatch(fault);
});
