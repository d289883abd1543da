import { expect, test } from "vitest";

import { containerNumber, hasServiceName, isLeftoverName, properName } from "./container-name.ts";

test.each([
  ["0123456789ab_lab-core-web-1", true, "lab-core-web-1"],
  ["lab-core-web-1", false, "lab-core-web-1"],
  ["0123456789a_lab-core-web-1", false, "0123456789a_lab-core-web-1"],
  ["0123456789AB_web", false, "0123456789AB_web"],
  ["0123456789ab_", false, "0123456789ab_"],
  ["web_0123456789ab_1", false, "web_0123456789ab_1"],
])("%s is left of a replacement: %s", (name, isLeft, proper) => {
  expect([isLeftoverName(name), properName(name)]).toEqual([isLeft, proper]);
});

test("a name is compared as text, not as a pattern", () => {
  expect(hasServiceName("0123456789ab_a-b-1", { project: "a", service: "b" })).toBe(true);
  expect(hasServiceName("a-b-x-1", { project: "a", service: "b" })).toBe(false);
  expect(hasServiceName("a-bxc-1", { project: "a", service: "b.c" })).toBe(false);
  expect(hasServiceName("a-b.c-1", { project: "a", service: "b.c" })).toBe(true);
});

test("the number of a container is at the end of its name", () => {
  expect(["a-b-12", "0123456789ab_a-b-3", "a-b", "a"].map(containerNumber)).toEqual([12, 3, null, null]);
});
