import { expect, test } from "vitest";

import { digestCauses } from "./change-cause.ts";
import { instance } from "./desired-fixture.ts";
import { container } from "./node-fixture.ts";

const digest = `sha256:${"a".repeat(64)}`;

test.each([
  ["web:1.0", "web:1.1", "image 1.0 → 1.1"],
  ["web", "web:1.1", "image latest → 1.1"],
  ["registry:5000/web:1", "registry:5000/web:2", "image 1 → 2"],
  ["registry:5000/web", "registry:5000/web:2", "image latest → 2"],
  ["web:1.0", "other:1.0", "image web:1.0 → other:1.0"],
  [`web@${digest}`, "web:1.0", `image ${digest} → 1.0`],
])("an image %s that is to be %s", (before, after, cause) => {
  const [service] = instance("core", { services: { web: { image: after } } }).services;
  if (service === undefined) throw new Error("no service");
  const of = container("x", { image: before });
  expect(digestCauses(service, { before: undefined, container: of, stored: undefined })).toEqual([
    { kind: "desired", service: null, text: cause },
  ]);
});

test("parts are named in the order of their names, whatever the order of the record", () => {
  const [service] = instance("core", { services: { web: { environment: "x", ports: [1] } } }).services;
  if (service === undefined) throw new Error("no service");
  const causes = digestCauses(service, {
    before: { algorithm: "v1", parts: { zone: "1", networks: "other", image: "whatever" } },
    container: container("x", { image: service.image }),
    stored: undefined,
  });
  expect(causes.map(({ text }) => text)).toEqual([
    "environment added",
    "networks changed",
    "ports added",
    "zone removed",
  ]);
});

test.each([
  ["live/conf", true],
  ["files/0123/x.conf", true],
  ["writable/0123/conf", false],
])("a container that may write below %s is told of read-only binds: %s", (path, isTold) => {
  const [service] = instance("core", { services: { web: {} } }).services;
  if (service === undefined) throw new Error("no service");
  const stored = {
    instance: "core",
    folder: "/state/instances/core",
    files: {},
    others: [],
    applied: null,
    fault: null,
  };
  const causes = digestCauses(service, {
    before: { algorithm: "v1", parts: { ...service.digests[0].parts, volumes: "other" } },
    container: container("x", {
      image: service.image,
      writableBinds: [`${stored.folder}/${path}`, "/elsewhere"],
    }),
    stored,
  });
  expect(causes.some(({ text }) => text === "placed files are bound read-only now")).toBe(isTold);
});
