import { statfs } from "node:fs/promises";

import { sharedEngine, startEngine } from "@keelson/test/support";
import { expect, test } from "vitest";

import { connectEngine, engineInfo } from "./index.ts";
import { listen } from "./test-listener.ts";

test("an engine of this machine tells what it is, where it keeps things, and how much space is left", async () => {
  await using own = await startEngine();
  const info = await engineInfo(connectEngine({ dockerHost: own.dockerHost }));
  const said = await own.docker.info();
  const { DockerRootDir: rootDir, Driver: storageDriver } = said;
  const { ApiVersion: apiVersion, Version: version } = await own.docker.version();
  expect(info).toMatchObject({ version, apiVersion, storageDriver, rootDir });
  expect(info.cgroup).toBe(`${said.CgroupVersion} ${said.CgroupDriver}`);
  expect(Math.abs(info.clockAheadMs ?? NaN)).toBeLessThan(5_000);
  expect(info.version).toMatch(/^\d+\./);
  const { bavail, bsize } = await statfs(rootDir);
  // Others write meanwhile.
  expect(Math.abs((info.freeBytes ?? 0) - bavail * bsize)).toBeLessThan(0.1 * bavail * bsize);
  expect(info.freeInodes).toBeGreaterThan(0);
  await own.stop();
  await expect(engineInfo(connectEngine({ dockerHost: own.dockerHost }))).rejects.toMatchObject({
    code: "K3001",
  });
});

test("the space of an engine that is elsewhere is not known, whatever it calls its folder", async () => {
  const said = await (await sharedEngine()).info();
  for (const [kind, name] of [
    ["unix", "another-machine"],
    ["tcp", said.Name],
  ] as const) {
    await using elsewhere = await listen((request, response) => {
      const answer = request.url?.endsWith("/version") === true ? versionAnswer : { ...said, Name: name };
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(answer));
    }, kind);
    const info = await engineInfo(connectEngine({ dockerHost: elsewhere.dockerHost }));
    expect(info).toMatchObject({ rootDir: said.DockerRootDir, freeBytes: null, freeInodes: null });
  }
});

test.each([90_000, null])("an engine whose clock is %s ms behind is seen as that", async (behindMs) => {
  const SystemTime = behindMs === null ? undefined : new Date(Date.now() - behindMs).toISOString();
  await using other = await listen((request, response) => {
    const answer = request.url?.endsWith("/version") === true ? versionAnswer : { SystemTime };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(answer));
  });
  const { clockAheadMs, cgroup } = await engineInfo(connectEngine({ dockerHost: other.dockerHost }));
  expect(cgroup).toBe("");
  const seenS = clockAheadMs === null ? null : Math.round(clockAheadMs / 1000);
  expect(seenS).toBe(behindMs === null ? null : behindMs / 1000);
});

const versionAnswer = { Version: "99.0.0", ApiVersion: "1.99" };

test("what answers otherwise than an engine is K3009", async () => {
  await using strange = await listen((_request, response) => response.end("{}"));
  await expect(engineInfo(connectEngine({ dockerHost: strange.dockerHost }))).rejects.toMatchObject({
    code: "K3009",
  });
});
