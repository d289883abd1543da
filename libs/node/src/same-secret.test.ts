import { secretPlaceholder } from "@keelson/model";
import { expect, it } from "vitest";

import { findSameSecrets } from "./same-secret.ts";

const known = new Map([["app.password", "a value"]]);
const secrets = {
  isKnown: (name: string) => known.has(name),
  fillSecrets: (content: Uint8Array) => {
    const text = Buffer.from(content).toString("utf8");
    return Buffer.from(text.replace(secretPlaceholder("app.password"), known.get("app.password") ?? ""));
  },
};
const compared = (wanted: string, found: string) =>
  findSameSecrets([{ container: "c", variable: "V", wanted, found }], secrets);

it("must be the same where the filled value is, byte for byte, and never where the node does not know it", () => {
  const password = secretPlaceholder("app.password");
  expect(compared(`u:${password}`, "u:a value")).toEqual([{ container: "c", variable: "V" }]);
  expect(compared(`u:${password}`, "u:a value ")).toEqual([]);
  expect(compared(`${password}${secretPlaceholder("app.other")}`, "a value")).toEqual([]);
});
