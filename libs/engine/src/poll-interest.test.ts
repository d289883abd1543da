import { properName } from "@keelson/model";
import { expect, test } from "vitest";

import { concerns } from "./poll-interest.ts";

test.each(["0123456789ab_", "0123456789a_", "0123456789AB_", "0123456789ab_0123456789ab_", ""])(
  "a container of the environment is known behind %s as the model knows it",
  (prefix) => {
    const name = `${prefix}lab-core-web-1`;
    expect(concerns({ id: "1", name, labels: {} }, { environment: "lab" })).toBe(
      properName(name).startsWith("lab-"),
    );
  },
);
