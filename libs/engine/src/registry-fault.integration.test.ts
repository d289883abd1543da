import { type IncomingMessage, type ServerResponse, request as httpRequest } from "node:http";

import {
  type HttpFront,
  type Registry,
  publishImage,
  startHttpFront,
  startRegistry,
} from "@keelson/test/support";
import { formatError } from "@keelson/model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { credentials, lock, loginsFor, loginsOf } from "./test-lock.ts";

describe("a registry that answers wrongly", () => {
  let registry: Registry;
  let front: HttpFront;
  let reference: string;
  /** What stands between, and may answer itself. */
  let answer: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;
  beforeAll(async () => {
    registry = await startRegistry();
    front = await startHttpFront({
      answer: (request, response) => {
        if (!answer(request, response)) pass(request, response);
      },
    });
    reference = `127.0.0.1:${front.port}/odd:1`;
    await publishImage({
      origin: registry.origin,
      repository: "odd",
      tag: "1",
      platforms: ["linux/amd64", "linux/arm64"],
    });
  });
  afterAll(async () => {
    await front[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
  });
  const pass = ({ url, headers }: IncomingMessage, response: ServerResponse) => {
    httpRequest({ host: "127.0.0.1", port: registry.port, path: url, headers }, (incoming) => {
      response.writeHead(incoming.statusCode ?? 502, incoming.headers);
      incoming.pipe(response);
    }).end();
  };
  /** Answers requests for this part of a path. */
  const instead = (part: string, write: (response: ServerResponse) => void) => {
    answer = ({ url = "" }, response) => {
      if (!url.includes(part)) return false;
      write(response);
      return true;
    };
  };
  const nonsense = (says: string) => ({ code: "K3071", message: expect.stringContaining(says) });

  test("through what only passes on, all is well", async () => {
    answer = () => false;
    expect(Object.keys((await lock(reference))?.platforms ?? {})).toEqual(["linux/amd64", "linux/arm64"]);
  });

  test("bytes that are not of the digest are refused, of the tag and of a platform", async () => {
    const text = JSON.stringify({ schemaVersion: 2, config: { digest: `sha256:${"0".repeat(64)}` } });
    instead("/manifests/sha256:", (response) => response.end(text));
    await expect(lock(reference)).rejects.toMatchObject(nonsense("it was asked for the manifest sha256:"));
    instead("/manifests/1", (response) =>
      response.writeHead(200, { "docker-content-digest": `sha256:${"1".repeat(64)}` }).end(text),
    );
    await expect(lock(reference)).rejects.toMatchObject(
      nonsense(`it calls a manifest sha256:${"1".repeat(64)}`),
    );
    answer = ({ url = "" }, response) => {
      response.end(url.includes("/blobs/") ? "{}" : text);
      return true;
    };
    await expect(lock(reference)).rejects.toMatchObject(
      nonsense(`it was asked for the configuration sha256:${"0".repeat(64)}`),
    );
    instead("/manifests/sha256:", (response) => response.writeHead(404).end());
    await expect(lock(reference)).rejects.toMatchObject(
      nonsense("it does not have what its own manifest names"),
    );
  });

  test("what is no manifest is told", async () => {
    for (const [body, says] of [
      ["<html>", "names neither platforms nor a configuration"],
      ['{"schemaVersion":1}', "the first format of Docker"],
      ['{"manifests":[]}', "names no image of any platform"],
      ['{"manifests":[{"digest":"sha256:1"}]}', "without a digest by SHA-256"],
      ["x".repeat(5 * 1024 * 1024), "larger than 4 MiB"],
    ] as const) {
      instead("/manifests/1", (response) => response.end(body));
      await expect(lock(reference)).rejects.toMatchObject(nonsense(says));
    }
    instead("/manifests/1", (response) => response.writeHead(418).end());
    await expect(lock(reference)).rejects.toMatchObject(nonsense("it answers 418"));
  });

  test("a login goes to no other host, wherever the registry leads", async () => {
    const seen: (string | undefined)[] = [];
    await using other = await startHttpFront({
      answer: ({ headers }, response) => {
        seen.push(headers.authorization);
        response.end("{}");
      },
    });
    answer = ({ headers }, response) => {
      if (headers.authorization === undefined)
        response.writeHead(401, { "www-authenticate": 'Basic realm="test"' }).end();
      else response.writeHead(307, { location: `${other.origin}/there` }).end();
      return true;
    };
    await using found = await loginsFor(`127.0.0.1:${front.port}`);
    await expect(lock(reference, found)).rejects.toMatchObject({ code: "K3071" });
    expect(seen).toEqual([undefined]);
    instead("/", (response) => response.writeHead(302, { location: front.origin }).end());
    await expect(lock(reference)).rejects.toMatchObject(nonsense("without an end"));
    instead("/", (response) => response.writeHead(302, { location: "http://registry.example/" }).end());
    await expect(lock(reference)).rejects.toMatchObject(nonsense("without TLS"));
  });

  test("what a registry knows of a login is repeated nowhere, whatever it says", async () => {
    const said: ((authorization: string) => Record<string, string>)[] = [
      (authorization) => ({
        location: `https://user:${encodeURIComponent(authorization)}@registry.example/`,
      }),
      (authorization) => ({ location: `http://${Buffer.from(authorization).toString("hex")}.example/` }),
      (authorization) => ({ "docker-content-digest": `you sent ${authorization}` }),
    ];
    await using found = await loginsFor(`127.0.0.1:${front.port}`);
    for (const headersFor of said) {
      let sent = "";
      answer = ({ headers: { authorization } }, response) => {
        sent = authorization ?? sent;
        const more = authorization === undefined ? {} : headersFor(authorization);
        if (authorization === undefined)
          response.writeHead(401, { "www-authenticate": 'Basic realm="test"' }).end();
        else response.writeHead("location" in more ? 307 : 200, more).end("{}");
        return true;
      };
      const error: unknown = await lock(reference, found).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: "K3071" });
      expect(sent).toMatch(/^Basic /);
      const text = formatError(error);
      for (const secret of [
        sent.slice("Basic ".length),
        Buffer.from(sent).toString("hex"),
        credentials.password,
      ])
        expect(text).not.toContain(secret);
    }
  });

  test("an index with more images than any has is not asked for each", async () => {
    const digest = `sha256:${"a".repeat(64)}`;
    const manifests = Array.from({ length: 65 }, (_, index) => ({
      digest,
      platform: { os: "linux", architecture: `a${index}` },
    }));
    let count = 0;
    instead("/manifests/", (response) => {
      count += 1;
      response.end(JSON.stringify({ schemaVersion: 2, manifests }));
    });
    await expect(lock(reference)).rejects.toMatchObject(nonsense("more than 64 images"));
    expect(count).toBe(1);
  });

  test("a token is asked for with the login, for this repository alone", async () => {
    const asked: { path: string | undefined; authorization: string | undefined }[] = [];
    await using tokens = await startHttpFront({
      answer: ({ url, headers }, response) => {
        asked.push({ path: url, authorization: headers.authorization });
        response.end('{"token":"t0ken"}');
      },
    });
    const realm = `Bearer realm="${tokens.origin}/token",service="the service"`;
    answer = ({ headers }, response) => {
      if (headers.authorization === "Bearer t0ken") return false;
      response.writeHead(401, { "www-authenticate": realm }).end();
      return true;
    };
    await using found = await loginsFor(`127.0.0.1:${front.port}`);
    expect(Object.keys((await lock(reference, found))?.platforms ?? {})).toHaveLength(2);
    const pair = Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64");
    expect(asked).toEqual([
      { path: "/token?service=the+service&scope=repository%3Aodd%3Apull", authorization: `Basic ${pair}` },
    ]);
    expect(Object.keys((await lock(reference))?.platforms ?? {})).toHaveLength(2);
    expect(asked.at(-1)?.authorization).toBeUndefined();
  });

  test("a login that is a token is given for a token, and to no other host", async () => {
    const asked: string[] = [];
    let leadsTo = "";
    const read = async (request: IncomingMessage) => (await request.toArray()).join("");
    await using tokens = await startHttpFront({
      answer: async (request, response) => {
        asked.push(`${request.method} ${request.url} ${await read(request)}`);
        if (leadsTo === "") response.end('{"access_token":"t0ken"}');
        else response.writeHead(307, { location: leadsTo }).end();
      },
    });
    await using other = await startHttpFront({
      answer: async (request, response) => {
        asked.push(`other: ${await read(request)}`);
        response.end('{"access_token":"t0ken"}');
      },
    });
    answer = ({ headers }, response) => {
      if (headers.authorization === "Bearer t0ken") return false;
      const realm = `Bearer realm="${tokens.origin}/token",service=here`;
      response.writeHead(401, { "www-authenticate": realm }).end();
      return true;
    };
    await using found = await loginsOf(`127.0.0.1:${front.port}`, { identitytoken: "r3fresh" });
    expect(Object.keys((await lock(reference, found))?.platforms ?? {})).toHaveLength(2);
    const form =
      "grant_type=refresh_token&client_id=keelson&refresh_token=r3fresh&service=here&scope=repository%3Aodd%3Apull";
    expect(asked).toEqual([`POST /token ${form}`]);
    leadsTo = `${other.origin}/token`;
    await expect(lock(reference, found)).rejects.toMatchObject(
      nonsense("the server of its tokens leads elsewhere"),
    );
    expect(asked.filter((each) => each.startsWith("other"))).toEqual([]);
  });

  test("a login goes to no server of tokens without TLS, but one of this machine", async () => {
    instead("/", (response) =>
      response.writeHead(401, { "www-authenticate": 'Bearer realm="http://auth.example/token"' }).end(),
    );
    await using found = await loginsFor(`127.0.0.1:${front.port}`);
    await expect(lock(reference, found)).rejects.toMatchObject(
      nonsense("the server of its tokens has no TLS"),
    );
  });
});
