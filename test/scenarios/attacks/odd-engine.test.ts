import { once } from "node:events";
import { type IncomingMessage, type ServerResponse, createServer, request } from "node:http";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import {
  type Registry,
  removeImages,
  sharedEngine,
  sharedEngineHost,
  startRegistry,
} from "../../support/index.ts";
import { expectReady, expectUntouched, whilePushed } from "../faults/outcome.ts";
import { type Container, usePlatform } from "../platform.ts";
import { composeFile, oneService } from "../releases.ts";

/** Does something else than the engine; false: it passes this question on. */
type Misbehave = (asked: IncomingMessage, answer: ServerResponse) => boolean;

/** Stands between the agent and the engine, and misbehaves as it is told. */
async function standBetween(path: string, enginePath: string) {
  let misbehave: Misbehave = () => false;
  const server = createServer((asked, answer) => {
    if (misbehave(asked, answer)) return;
    const { method, url, headers } = asked;
    const passed = request(
      { socketPath: enginePath, method, path: url, headers, agent: false },
      (response) => {
        answer.writeHead(response.statusCode ?? 500, response.headers);
        response.on("error", () => answer.destroy()).pipe(answer);
      },
    );
    passed.on("error", () => answer.destroy());
    asked.pipe(passed);
    answer.on("close", () => passed.destroy());
  }).listen(path);
  await once(server, "listening");
  return {
    behave: (as: Misbehave) => {
      misbehave = as;
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

const redirect =
  (to: string, of: RegExp): Misbehave =>
  (asked, answer) => {
    if (!of.test(asked.url ?? "")) return false;
    answer.writeHead(307, { location: to }).end();
    return true;
  };

/** Begins an answer, and closes the connection in the middle of it. */
const breakOff =
  (of: RegExp): Misbehave =>
  (asked, answer) => {
    if (!of.test(asked.url ?? "")) return false;
    answer.writeHead(200, { "content-type": "application/json" });
    answer.write('{"status":', () => answer.destroy());
    return true;
  };

describe("what answers in the engine's place", () => {
  const platform = usePlatform({ release: oneService, agent: { timeouts: { pull: "1m" } } });
  let between: Awaited<ReturnType<typeof standBetween>>;
  let victim: Registry;
  let before: Container[];
  let pulled: string[] = [];

  beforeAll(async () => {
    const path = join(platform().folder, "between.sock");
    between = await standBetween(path, sharedEngineHost().replace("unix://", ""));
    victim = await startRegistry();
    await platform().configure({ dockerHost: `unix://${path}` });
    expectReady(await platform().reconcile());
    before = await platform().containers();
  });
  afterAll(async () => {
    await removeImages(await sharedEngine(), pulled);
    await victim[Symbol.asyncDispose]();
    await between[Symbol.asyncDispose]();
  });

  const absent = (image: string) => ({
    [`releases/app/1.0.0/${composeFile}`]: (text: string) => text.replace(/image: .*/, `image: ${image}`),
  });

  it.each([
    ["every question", /./, ""],
    ["its lists", /\/containers\/json/, ""],
    ["a look at an image", /\/images\/.*\/json/, ""],
    ["a pull", /\/images\/create/, "image:"],
  ])("and redirects %s must be told as that, and nobody else be asked", async (_what, of, resource) => {
    const elsewhere = [`http://${victim.host}/v2/`, "http://no-such-host.invalid/x", `//${victim.host}/v2/`];
    const look = async () => {
      for (const to of elsewhere) {
        between.behave(redirect(to, of));
        const round = await platform().reconcile();
        expect(round.exitCode).toBe(1);
        const error = { code: "K3015", resource: expect.stringMatching(`^${resource}`), outcome: "stalled" };
        expect(round.status.errors).toContainEqual(expect.objectContaining(error));
        await expectUntouched(platform(), before);
      }
    };
    try {
      await whilePushed(platform(), { changes: absent(`${victim.host}/absent:1`), look });
    } finally {
      between.behave(() => false);
    }
    expect(victim.requests).toEqual([]);
    expectReady(await platform().reconcile());
  });

  it.each([
    ["its list", /\/containers\/json/, ""],
    ["an image", /\/images\/.*\/json/, ""],
    ["the networks", /\/networks/, ""],
    ["a pull", /\/images\/create/, "image:"],
  ])(
    "and breaks off in the middle of %s must be a status, and the end of no round",
    async (_what, of, resource) => {
      between.behave(breakOff(of));
      const look = async () => {
        const round = await platform().reconcile();
        expect(round.exitCode).toBe(1);
        const error = {
          code: "K3001",
          resource: expect.stringMatching(`^${resource}`),
          outcome: "transient",
        };
        expect(round.status.errors).toContainEqual(expect.objectContaining(error));
        await expectUntouched(platform(), before);
      };
      try {
        await whilePushed(platform(), { changes: absent(`${victim.host}/absent:1`), look });
      } finally {
        between.behave(() => false);
      }
      expectReady(await platform().reconcile());
    },
  );

  it("has a twin: an engine that only breaks off its events is waited for by looking", async () => {
    const { reference } = await victim.push(platform().docker, platform().image("web:1"));
    pulled = [reference];
    between.behave(breakOff(/\/events/));
    await platform().push(absent(reference));
    expectReady(await platform().reconcile());
    expect(await platform().container("web/web")).toMatchObject({ image: reference, state: "running" });
  });
});
