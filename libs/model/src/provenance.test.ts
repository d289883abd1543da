import { describe, expect, test } from "vitest";

import { isForgotten, madeHere, shortId, wasLost } from "./provenance.ts";
import { type RecordLoss, type RecordState, emptyRecord } from "./record.ts";

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

const lostWith = (loss: Partial<RecordLoss>) => ({ loss: { made: [], unproven: [], ...loss } });

function containerBy(record: Partial<RecordState>) {
  return madeHere({ ...emptyRecord, ...record }).container({ id: first, ...web });
}

function networkBy(record: Partial<RecordState>) {
  return madeHere({ ...emptyRecord, ...record }).network({ id: first, name: network });
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

  test("is proven by the last status when the record is lost", () => {
    expect(containerBy({})).toBe("unproven");
    expect(containerBy(lostWith({ made: [shortId(second)] }))).toBe("unproven");
    expect(containerBy(lostWith({ made: [shortId(first)] }))).toBe("known");
  });

  test("stays what it was at the loss, whatever the record names since", () => {
    const later = { applied, containers: { [second]: web } };
    expect(containerBy({ ...later, ...lostWith({ made: [shortId(first)] }) })).toBe("known");
    expect(containerBy({ ...later, ...lostWith({ unproven: [shortId(first)] }) })).toBe("unproven");
    expect(containerBy({ ...later, ...lostWith({ made: [shortId(second)] }) })).toBe("other");
    const open = { openServices: ["lab-web/app"], openNetworks: [network] };
    expect(containerBy({ ...open, ...lostWith({ unproven: [shortId(first)] }) })).toBe("unproven");
    expect(networkBy({ ...open, ...lostWith({ unproven: [shortId(first)] }) })).toBe("unproven");
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

  test("is proven by the last status when the record is lost, and stays what it was", () => {
    expect(networkBy({})).toBe("unproven");
    expect(networkBy(lostWith({ made: [shortId(first)] }))).toBe("known");
    const later = { networks: { [network]: second } };
    expect(networkBy({ ...later, ...lostWith({ made: [shortId(first)] }) })).toBe("known");
    expect(networkBy({ ...later, ...lostWith({ unproven: [shortId(first)] }) })).toBe("unproven");
    expect(networkBy({ ...later, ...lostWith({}) })).toBe("other");
  });
});

test("a record is forgotten when nothing was ever applied and nothing made", () => {
  expect(isForgotten(emptyRecord)).toBe(true);
  expect(isForgotten({ ...emptyRecord, applied })).toBe(false);
  expect(isForgotten({ ...emptyRecord, containers: { [first]: web } })).toBe(false);
  expect(isForgotten({ ...emptyRecord, networks: { [network]: first } })).toBe(false);
});

test("a record that was begun after a loss may always lack what was before", () => {
  expect(wasLost(emptyRecord)).toBe(true);
  expect(wasLost({ ...emptyRecord, applied })).toBe(false);
  expect(wasLost({ ...emptyRecord, applied, ...lostWith({}) })).toBe(true);
});
