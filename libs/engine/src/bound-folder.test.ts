import type { VolumeInspectInfo } from "dockerode";
import { describe, expect, test } from "vitest";

import { boundFolderOf, findBoundFolders, hostPathsOf } from "./bound-folder.ts";

const volume = (Options: Record<string, string> | null, more: object = {}): VolumeInspectInfo => ({
  Name: "v",
  Driver: "local",
  Mountpoint: "/var/lib/docker/volumes/v/_data",
  Labels: {},
  Scope: "local",
  Options,
  ...more,
});

describe("what a volume gives out of the host", () => {
  test.each<[string, Record<string, string>, boolean]>([
    ["a bind", { type: "none", o: "bind", device: "/srv/media" }, false],
    ["a bind of any type", { type: "ext4", o: "bind", device: "/srv/media" }, false],
    ["a bind with what is mounted below it", { o: "noatime,rbind,rw", device: "/srv/media" }, false],
    ["a bind that is only read", { o: "ro,bind", device: "/srv/media" }, true],
    ["a bind that says both", { o: "bind,ro,rw", device: "/srv/media" }, false],
  ])("is its device: %s", (_what, options, readOnly) => {
    expect(boundFolderOf(volume(options))).toEqual({ path: "/srv/media", readOnly });
  });

  test.each<[string, VolumeInspectInfo]>([
    ["without options", volume(null)],
    ["of a share", volume({ type: "nfs", o: "addr=nas.lan,bindings", device: ":/media" })],
    ["of memory", volume({ type: "tmpfs", device: "tmpfs" })],
    ["of a plugin", volume({ o: "bind", device: "/srv/media" }, { Driver: "rclone" })],
  ])("is nothing for one %s", (_what, given) => {
    expect(boundFolderOf(given)).toBeNull();
  });
});

test("a container gets paths of the host by binds, by volumes that bind, and by plugins", () => {
  const folders = findBoundFolders([
    volume({ o: "bind", device: "/srv/w" }, { Name: "w" }),
    volume({ o: "bind,ro", device: "/srv/r" }, { Name: "r" }),
    volume({}, { Name: "plain" }),
  ]);
  const mount = (Name: string, more: object = {}) => ({
    Type: "volume",
    Name,
    Driver: "local",
    Source: `/var/lib/docker/volumes/${Name}/_data`,
    RW: true,
    ...more,
  });
  const paths = hostPathsOf(
    [
      { Type: "bind", Source: "/srv/own", RW: true },
      { Type: "bind", Source: "/srv/read", RW: false },
      mount("w"),
      mount("w", { RW: false }),
      mount("r"),
      mount("plain"),
      mount("far", { Driver: "rclone", Source: "/srv/far" }),
      mount("away", { Driver: "rclone", Source: "" }),
      { Type: "tmpfs", Source: "", RW: true },
    ],
    folders,
  );
  expect(paths).toEqual([
    { path: "/srv/own", readOnly: false },
    { path: "/srv/read", readOnly: true },
    { path: "/srv/w", readOnly: false },
    { path: "/srv/w", readOnly: true },
    { path: "/srv/r", readOnly: true },
    { path: "/srv/far", readOnly: false },
  ]);
  expect(hostPathsOf(undefined, folders)).toEqual([]);
});
