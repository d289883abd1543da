import { type Provenance, composeLabels, labels, resourceIds } from "@keelson/model";
import { describe, expect, test } from "vitest";

import { judgeContainer } from "./ownership.ts";
import { everything, ownerOf, ownershipOf } from "./test-bench.ts";

const id = "a".repeat(64);
const node = { environment: "lab", ownershipOf, madeHere: everything };
const own = {
  [composeLabels.project]: "lab-core",
  [composeLabels.service]: "nginx",
  [composeLabels.containerNumber]: "1",
  [labels.environment]: "lab",
  [labels.instance]: "core",
  [labels.owner]: ownerOf(resourceIds.service("lab-core", "nginx")),
};

/** Only the journal of a killed round says that it was made here. */
const unnoted = { ...node, madeHere: { ...everything, container: () => "unnoted" as const } };

describe("a container", () => {
  test.each(["lab-core-nginx-1", "lab-core-nginx-7", "proxy", "evil"])(
    "whose id this node knows is ours under the name %s, which a person can change",
    (name) => expect(judgeContainer({ id, name, labels: own }, node)).toBe("ours"),
  );

  test.each([
    ["lab-core-nginx-1", "1"],
    ["lab-core-nginx-12", "12"],
    ["0123456789ab_lab-core-nginx-1", "1"],
  ])("of a killed round, named %s with our labels, is ours", (name, number) => {
    const numbered = { ...own, [composeLabels.containerNumber]: number };
    expect(judgeContainer({ id, name, labels: numbered }, unnoted)).toBe("ours");
  });

  test.each([
    ["lab-core-nginx-2", "1"],
    ["lab-core-nginx-11", "1"],
    ["0123456789ab_lab-core-nginx-2", "1"],
    ["lab-core-nginx-1", ""],
    ["lab-core-nginx-1", "nginx-1"],
    ["lab-core-nginx", "1"],
    ["lab-core-nginx-x", "1"],
    ["0123_lab-core-nginx-1", "1"],
    ["xlab-core-nginx-1", "1"],
    ["proxy", "1"],
  ])("of a killed round, named %s with the number '%s', is forged", (name, number) => {
    const numbered = { ...own, [composeLabels.containerNumber]: number };
    expect(judgeContainer({ id, name, labels: numbered }, unnoted)).toBe("forged");
  });

  test.each(["proxy", "0123456789ab_proxy"])(
    "of a killed round is ours under the name %s, where the Compose file says so",
    (name) => {
      const named = { ...unnoted, containerNames: new Map([["lab-core/nginx", "proxy"]]) };
      expect(judgeContainer({ id, name, labels: own }, named)).toBe("ours");
      const other = { ...unnoted, containerNames: new Map([["lab-core/redis", "proxy"]]) };
      expect(judgeContainer({ id, name, labels: own }, other)).toBe("forged");
    },
  );

  test("without an owner label is foreign, whatever else it says", () => {
    const { [labels.owner]: _owner, ...rest } = own;
    expect(judgeContainer({ id, name: "lab-core-nginx-1", labels: rest }, node)).toBe("foreign");
  });

  test.each([
    ["an owner label of another key", { [labels.owner]: "0".repeat(64) }],
    ["an empty owner label", { [labels.owner]: "" }],
    ["the owner label of another service", { [composeLabels.service]: "redis" }],
    ["another environment", { [labels.environment]: "other" }],
    ["no environment", { [labels.environment]: "" }],
  ])("with %s is forged", (_what, change) => {
    expect(judgeContainer({ id, name: "lab-core-nginx-1", labels: { ...own, ...change } }, node)).toBe(
      "forged",
    );
  });

  test("is ours in whatever project its instance has", () => {
    const books = {
      ...own,
      [composeLabels.project]: "books",
      [labels.owner]: ownerOf(resourceIds.service("books", "nginx")),
    };
    expect(judgeContainer({ id, name: "books-nginx-1", labels: books }, node)).toBe("ours");
  });

  test.each<[Provenance, string]>([
    ["known", "ours"],
    ["other", "forged"],
    ["unproven", "unproven"],
    ["unnoted", "ours"],
  ])("that is %s to the node's memory is %s, and none that is not what its labels say", (provenance, is) => {
    const remembering = { ...node, madeHere: { ...everything, container: () => provenance } };
    expect(judgeContainer({ id, name: "lab-core-nginx-1", labels: own }, remembering)).toBe(is);
    const other = { ...own, [labels.environment]: "other" };
    expect(judgeContainer({ id, name: "lab-core-nginx-1", labels: other }, remembering)).toBe("forged");
    const foreign = { ...own, [labels.owner]: "0".repeat(64) };
    expect(judgeContainer({ id, name: "lab-core-nginx-1", labels: foreign }, remembering)).toBe("forged");
  });
});
