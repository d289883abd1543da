import { waitFor } from "@keelson/test/support";
import { expect, test } from "vitest";

import { engineInfo } from "./engine-info.ts";
import { type Engine, connectEngine } from "./engine.ts";
import { containersOnly, observeEngine } from "./observation.ts";
import { observeImage } from "./observed-image.ts";
import { inspectVolume } from "./observed-volume.ts";
import { askEngine } from "./request.ts";
import { everything } from "./test-bench.ts";
import { listen } from "./test-listener.ts";

const request = {
  environment: "lab",
  ...containersOnly,
  images: ["web:1"],
  ownershipOf: () => "foreign" as const,
  madeHere: everything,
};

test.each<[string, (engine: Engine) => Promise<unknown>]>([
  ["an observation", async (engine) => observeEngine(engine, request)],
  ["an image", async (engine) => observeImage(engine, { reference: "web:1" })],
  ["a volume", async (engine) => inspectVolume(engine, { name: "data" })],
  ["what it is", engineInfo],
  [
    "a request that takes no signal",
    async (engine) =>
      askEngine(engine, { what: "inspect", send: () => engine.docker.getNetwork("n").inspect() }),
  ],
])("an engine that hangs, asked for %s, must leave no connection open", async (_what, ask) => {
  await using hanging = await listen(() => {});
  const engine = connectEngine({ dockerHost: hanging.dockerHost, timeoutMs: 2_000 });
  await expect(ask(engine)).rejects.toMatchObject({ code: "K3001" });
  expect(hanging.connections()).toBeGreaterThan(0);
  await waitFor(() => hanging.openConnections() === 0, { what: "the end of all connections" });
});

test("a request that nothing ends must not be sent", async () => {
  const { docker } = connectEngine();
  await expect(docker.version()).rejects.toThrow("nothing ends the request /version");
});
