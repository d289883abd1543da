import type { Status } from "@keelson/model";

/** A report of a node that is ready, for tests, with parts of it replaced. */
export function madeStatus(more: Partial<Status> = {}): Status {
  const at = "2026-11-20T08:00:00.000Z";
  return {
    v: 1,
    seq: 1,
    node: { environment: "lab", name: "lab-1" },
    agent: { version: "0.1.0", bootId: "boot" },
    observedAt: at,
    heartbeatSeconds: 3600,
    source: {
      url: "https://git.example/lab.git",
      branch: "main",
      observed: "a",
      attempted: "a",
      applied: "a",
    },
    lockDigest: "l",
    desiredDigest: "d",
    appliedDigest: "d",
    conditions: [
      { type: "Ready", status: "true", reason: "Applied", message: "1 instance is as desired", since: at },
    ],
    operation: null,
    retry: null,
    errors: [],
    instances: [],
    omitted: { errors: 0, instances: 0, services: 0 },
    ...more,
  };
}
