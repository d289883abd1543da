import { describe, expect, test } from "vitest";

import { isForgotten, madeHere, shortId } from "./provenance.ts";
import { type RecordState, emptyRecord } from "./record.ts";

const [first, second] = ["a".repeat(64), "b".repeat(64)] as const;
const web = { project: "lab-web", service: "app" };
const network = "lab-web_default";
const applied: RecordState["applied"] = {
  commit: "1111111",
  desiredDigest: "d",
  lockDigest: "l",
  appliedAt: "2026-11-20T07:00:00Z",
  instanceOrder: [],
  dependsOn: {},
};

function containerBy(record: Partial<RecordState>, reported: readonly string[] | null = null) {
  return madeHere({ ...emptyRecord, ...record }, reported).container({ id: first, ...web });
}

function networkBy(record: Partial<RecordState>, reported: readonly string[] | null = null) {
  return madeHere({ ...emptyRecord, ...record }, reported).network({ id: first, name: network });
}

describe("a container with our labels", () => {
  test("was made here when the record has its id", () => {
    expect(containerBy({ containers: { [first]: web } })).toBe("known");
    expect(containerBy({ containers: { [second]: web } })).toBe("other");
    expect(containerBy({ applied })).toBe("other");
  });

  test("was made by a round that is not finished when that was making its service", () => {
    expect(containerBy({ applied, openServices: ["lab-web/app"] })).toBe("unnoted");
    expect(containerBy({ applied, openServices: ["lab-web/other"] })).toBe("other");
    expect(containerBy({ openServices: ["lab-web/app"] })).toBe("unnoted");
  });

  test("is proven by the last report only when the record is lost", () => {
    expect(containerBy({})).toBe("unproven");
    expect(containerBy({}, [shortId(second)])).toBe("unproven");
    expect(containerBy({}, [shortId(first)])).toBe("known");
    expect(containerBy({ applied }, [shortId(first)])).toBe("other");
    expect(containerBy({ containers: { [second]: web } }, [shortId(first)])).toBe("other");
  });
});

describe("a network with our labels", () => {
  test("was made here when the record has its id", () => {
    expect(networkBy({ networks: { [network]: first } })).toBe("known");
    expect(networkBy({ networks: { [network]: second } })).toBe("other");
    expect(networkBy({ networks: { other: first } })).toBe("other");
  });

  test("can be one that is not noted yet", () => {
    // By a record of an earlier version, and by a round that was killed.
    expect(networkBy({ applied })).toBe("unnoted");
    expect(networkBy({ containers: { [second]: web } })).toBe("unnoted");
    expect(networkBy({ networks: { [network]: second }, openNetworks: [network] })).toBe("unnoted");
  });

  test("is proven by the last report only when the record is lost", () => {
    expect(networkBy({})).toBe("unproven");
    expect(networkBy({}, [shortId(first)])).toBe("known");
    expect(networkBy({ networks: { [network]: second } }, [shortId(first)])).toBe("other");
  });
});

test("a record is forgotten when nothing was ever applied and nothing made", () => {
  expect(isForgotten(emptyRecord)).toBe(true);
  expect(isForgotten({ ...emptyRecord, applied })).toBe(false);
  expect(isForgotten({ ...emptyRecord, containers: { [first]: web } })).toBe(false);
  expect(isForgotten({ ...emptyRecord, networks: { [network]: first } })).toBe(false);
});
