import { expect, it } from "vitest";

import { ownContainerId } from "./host-path.ts";

const id = "3f0c".repeat(16);

it("the container that a process is in must be told by what the engine mounts into it", () => {
  const line = `811 790 8:1 /var/lib/docker/containers/${id}/resolv.conf /etc/resolv.conf rw - ext4 /dev/sda1 rw`;
  expect(ownContainerId(`1 0 0:1 / / rw - overlay overlay rw\n${line}\n`)).toBe(id);
});

it("a process that merely sees the engine's folders must not count as in a container", () => {
  const shm = `90 25 0:44 / /var/lib/docker/containers/${id}/mounts/shm rw - tmpfs shm rw`;
  expect(ownContainerId(`25 0 8:1 / / rw - ext4 /dev/sda1 rw\n${shm}\n`)).toBeNull();
  expect(ownContainerId("")).toBeNull();
});
