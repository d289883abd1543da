import { sharedEngine } from "@keelson/test/support";
import { afterAll, beforeAll, expect, test } from "vitest";

import { measureVolumes } from "./index.ts";
import { type TestBench, makeTestBench } from "./test-bench.ts";

let bench: TestBench;
beforeAll(async () => {
  bench = await makeTestBench(await sharedEngine());
});
afterAll(() => bench[Symbol.asyncDispose]());

test("a volume is as large as what was written into it", async () => {
  const { docker, context, environment, image } = bench;
  const [full, empty] = [`${environment}-core_full`, `${environment}-core_empty`];
  for (const name of [full, empty]) await docker.createVolume({ Name: name });
  const writer = await docker.createContainer({
    Image: image,
    Cmd: ["dd", "if=/dev/zero", "of=/data/zeros", "bs=1024", "count=3072"],
    NetworkDisabled: true,
    HostConfig: { Binds: [`${full}:/data`] },
  });
  try {
    await writer.start();
    expect(await writer.wait()).toMatchObject({ StatusCode: 0 });
    const sizes = await measureVolumes(context.engine, {});
    expect(sizes.get(full)).toBeGreaterThanOrEqual(3072 * 1024);
    expect(sizes.get(full)).toBeLessThan(4096 * 1024);
    expect(sizes.get(empty)).toBeLessThan(64 * 1024);
  } finally {
    await writer.remove({ force: true });
    for (const name of [full, empty]) await docker.getVolume(name).remove();
  }
});
