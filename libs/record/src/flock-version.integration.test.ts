import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { readFlockVersion } from "./flock-version.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "keelson-flock-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

test("the flock of util-linux tells its version", async () => {
  expect(await readFlockVersion()).toMatch(/^2\.\d+/);
});

test("a missing one and another one are K4021", async () => {
  vi.stubEnv("PATH", folder);
  await expect(readFlockVersion()).rejects.toMatchObject({
    code: "K4021",
    message: "the program flock is missing",
  });
  await writeFile(join(folder, "flock"), "#!/bin/sh\necho 'flock: unrecognized option' >&2; exit 1\n");
  await chmod(join(folder, "flock"), 0o755);
  await expect(readFlockVersion()).rejects.toMatchObject({
    code: "K4021",
    message: expect.stringContaining("util-linux"),
  });
});
