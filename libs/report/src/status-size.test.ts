import { type InstanceStatus, canonicalText } from "@keelson/model";
import { array, assert, constant, constantFrom, nat, oneof, property, record, string } from "fast-check";
import { describe, expect, it } from "vitest";

import { madeStatus } from "./status-fixture.ts";
import { saysNothingNew } from "./status-news.ts";
import { fitStatus } from "./status-size.ts";

const sizeOf = (value: unknown) => Buffer.byteLength(canonicalText(value));

function instance(number: number, health: InstanceStatus["health"]): InstanceStatus {
  const digest = { want: "d".repeat(64), have: "d".repeat(64) };
  const image = { want: "registry.example/name:1", have: "registry.example/name:1" };
  const services = Array.from({ length: 10 }, (_each, index) => ({
    name: `service-${index}`,
    image,
    digest,
    state: "running",
    health,
  }));
  const rest = { package: "app/core", version: "1.0.0", state: "running", sync: "in-sync" } as const;
  return { name: `core-${number}`, ...rest, health, services };
}

describe("fitStatus", () => {
  it("must leave a small report as it is", () => {
    const status = madeStatus();
    expect(fitStatus(status)).toBe(status);
  });

  it("must keep 64 KiB, and what is not in order before what is", () => {
    const instances = Array.from({ length: 100 }, (_each, index) =>
      instance(index, index === 99 ? "unhealthy" : "healthy"),
    );
    const fitted = fitStatus(madeStatus({ instances }));
    expect(sizeOf(fitted)).toBeLessThanOrEqual(64 * 1024);
    expect(fitted.instances).toHaveLength(100);
    expect(fitted.instances[99]?.services).toHaveLength(10);
    const left = fitted.instances.reduce((sum, { services }) => sum + services.length, 0);
    expect(left + fitted.omitted.services).toBe(1000);
  });

  it("must cut errors that are too many and too long, and say how many", () => {
    const errors = Array.from({ length: 50 }, (_each, index) => ({
      code: "K1302",
      resource: `file:${index}`,
      message: "x".repeat(5000),
      hint: "",
      outcome: "stalled" as const,
      since: "",
    }));
    const fitted = fitStatus(madeStatus({ errors }));
    expect(fitted.errors).toHaveLength(20);
    expect(fitted.omitted.errors).toBe(30);
    expect(sizeOf(fitted)).toBeLessThanOrEqual(64 * 1024);
  });

  const volumesOf = (count: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_each, index) => [
        `production-instance-${index}_database-files`,
        index % 10 === 0 ? [] : [`instance-${index}/database`],
      ]),
    );
  const madeOf = (count: number) =>
    Array.from({ length: count }, (_each, index) => index.toString(16).padStart(12, "0"));
  const errors = Array.from({ length: 20 }, (_each, index) => ({
    code: "K1302",
    resource: `file:${index}`,
    message: "x".repeat(400),
    hint: "",
    outcome: "stalled" as const,
    since: "",
  }));

  it("must keep what a lost record is rebuilt from, and count the volumes that are too much", () => {
    const instances = Array.from({ length: 100 }, (_each, index) => instance(index, "healthy"));
    const made = madeOf(1_200);
    const fitted = fitStatus(madeStatus({ volumes: volumesOf(1_200), made, instances, errors }));
    expect(sizeOf(fitted)).toBeLessThanOrEqual(64 * 1024);
    expect(sizeOf(fitted)).toBeGreaterThan(63 * 1024);
    expect(fitted.made).toEqual(made);
    expect(fitted.instances).toHaveLength(100);
    expect(fitted.errors).toEqual(errors);
    const kept = Object.entries(fitted.volumes ?? {});
    expect(kept.length + (fitted.omitted.volumes ?? 0)).toBe(1_200);
    expect(kept.every(([, users]) => users.length > 0)).toBe(true);
    expect(fitted.omitted.made).toBeUndefined();
  });

  it("must count on what was left out before, when a report is cut again", () => {
    const instances = Array.from({ length: 100 }, (_each, index) => instance(index, "healthy"));
    const first = fitStatus(madeStatus({ volumes: volumesOf(1_200), instances }));
    const again = fitStatus({ ...first, errors: [...errors, ...errors] });
    const kept = Object.keys(again.volumes ?? {}).length;
    expect(kept).toBeLessThan(Object.keys(first.volumes ?? {}).length);
    expect(kept + (again.omitted.volumes ?? 0)).toBe(1_200);
    expect(again.omitted).toMatchObject({ errors: 20, services: 1_000 });
  });

  it("must leave out services rather than volumes", () => {
    const instances = Array.from({ length: 100 }, (_each, index) => instance(index, "healthy"));
    const fitted = fitStatus(madeStatus({ volumes: volumesOf(300), made: madeOf(300), instances }));
    expect(fitted.omitted.services).toBeGreaterThan(0);
    expect(fitted.omitted.volumes).toBeUndefined();
    expect(Object.keys(fitted.volumes ?? {})).toHaveLength(300);
  });

  it("must keep as much of what was made as there is room for, and count the rest", () => {
    const instances = Array.from({ length: 400 }, (_each, index) => instance(index, "healthy"));
    const fitted = fitStatus(madeStatus({ volumes: volumesOf(10), made: madeOf(9_000), instances }));
    expect(sizeOf(fitted)).toBeLessThanOrEqual(64 * 1024);
    expect(fitted.omitted).toMatchObject({ instances: 400, services: 4_000, volumes: 10 });
    expect((fitted.made?.length ?? 0) + (fitted.omitted.made ?? 0)).toBe(9_000);
    expect(fitted.made?.length).toBeGreaterThan(4_000);
  });

  it("must fit whatever agent.yaml names, the same beside all that changes", () => {
    const long = "漢\u0001".repeat(60_000);
    const source = {
      ...madeStatus().source,
      url: `https://git.example/${long}`,
      branch: long,
      target: { mode: "hold", because: `is held: ${long}` },
    };
    const operation = {
      trigger: long,
      startedAt: "",
      finishedAt: "",
      planned: 1,
      done: 1,
      failed: 0,
      skipped: 0,
      seconds: {},
    };
    const fitted = fitStatus(madeStatus({ source, operation, seq: 1 }));
    expect(sizeOf({ ...fitted, seq: Number.MAX_SAFE_INTEGER })).toBeLessThanOrEqual(64 * 1024);
    expect(fitted.source.url).toMatch(/^https:\/\/git\.example\/.*…$/su);
    const more = fitStatus(madeStatus({ source, operation, errors, volumes: volumesOf(1_200) }));
    expect(sizeOf(more)).toBeLessThanOrEqual(64 * 1024);
    expect(more.source).toEqual(fitted.source);
  });

  it("must keep 64 KiB whatever is written in whatever script, and say nothing new of the same report", () => {
    const text = oneof(
      string({ unit: "binary" }),
      constantFrom("漢", "\u0001", "😀").map((each) => each.repeat(600)),
    );
    const error = record({ code: constant("K1302"), resource: text, message: text, hint: text });
    const small = property(array(error, { maxLength: 120 }), nat(160), (errors, count) => {
      const status = madeStatus({
        errors: errors.map((each) => ({ ...each, outcome: "stalled" as const, since: "" })),
        instances: Array.from({ length: count }, (_each, index) => instance(index, "healthy")),
      });
      const fitted = fitStatus(status);
      expect(sizeOf(fitted)).toBeLessThanOrEqual(64 * 1024);
      expect(saysNothingNew(fitStatus(status), fitted)).toBe(true);
    });
    assert(small, { numRuns: 20 });
  });
});
