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
