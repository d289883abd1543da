import type { VolumeInspectInfo } from "dockerode";
import { expect, test } from "vitest";

import { findVolumeFlaw } from "./volume-definition.ts";

const plain: VolumeInspectInfo = {
  Name: "lab-web_data",
  Driver: "local",
  Mountpoint: "/var/lib/docker/volumes/lab-web_data/_data",
  Labels: {},
  Scope: "local",
  Options: null,
};

test.each<[Partial<VolumeInspectInfo>, Record<string, unknown>, string]>([
  [{}, {}, ""],
  [{ Options: {} }, { driver: "local", labels: { a: "b" } }, ""],
  [{ Options: { size: "1g" } }, { driver_opts: { size: "1g" } }, ""],
  [{ Driver: "nfs" }, {}, "its driver is nfs"],
  [
    { Options: { type: "none", o: "bind", device: "/etc" } },
    {},
    "its options differ: device=/etc, o=bind, type=none",
  ],
  [{ Options: { device: "tmpfs", type: "tmpfs" } }, {}, "its options differ: device=tmpfs, type=tmpfs"],
  [
    { Options: { size: "1g", o: "addr=10.0.0.1", device: ":/export", type: "nfs" } },
    { driver_opts: { size: "1g" } },
    "its options differ: device=:/export, o=addr=10.0.0.1, type=nfs",
  ],
  [{}, { driver_opts: { size: "1g" } }, "its options differ: size="],
])("a volume %o of the definition %o: %s", (fields, definition, says) => {
  expect(findVolumeFlaw({ ...plain, ...fields }, definition)).toBe(says);
});
