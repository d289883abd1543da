import { createServer as createHttps } from "node:https";
import { request } from "node:http";
import type { AddressInfo } from "node:net";
import { readFile } from "node:fs/promises";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { type TempFolder, makeTempFolder, outputOf } from "../../support/index.ts";
import { reasonOf } from "../node-status.ts";
import { usePlatform, withNode } from "../platform.ts";
import { oneService } from "../releases.ts";

let folder: TempFolder;
/** Of a private authority, which this test is. */
let certificate: string;
beforeAll(async () => {
  folder = await makeTempFolder("keelson-certificate-");
  certificate = folder.join("certificate.pem");
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const files = ["-keyout", folder.join("key.pem"), "-out", certificate];
  await outputOf([
    "openssl",
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "2",
    ...subject,
    ...files,
  ]);
});
afterAll(async () => folder[Symbol.asyncDispose]());

type Answer = Parameters<typeof createHttps>[1];

/** Answers `https://localhost:<port>` with that certificate. */
async function startHttps(answer: Answer) {
  const key = await readFile(folder.join("key.pem"));
  const server = createHttps({ key, cert: await readFile(certificate) }, answer);
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  // oxlint-disable-next-line no-unsafe-type-assertion -- it listens on TCP
  const { port } = server.address() as AddressInfo;
  return {
    origin: `https://localhost:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Passes on to a server of this machine. */
function passOnTo(port: number): NonNullable<Answer> {
  return (incoming, response) => {
    const { method, url: path, headers } = incoming;
    const onward = request({ host: "127.0.0.1", port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", (error) => response.destroy(error));
    incoming.pipe(onward);
  };
}

describe("a certificate of a private authority", () => {
  const platform = usePlatform({ release: oneService });

  it("must be refused by a Git server's node, unless NODE_EXTRA_CA_CERTS names the authority", async () => {
    await using front = await startHttps(passOnTo(platform().server.port));
    await platform().configure(({ source, ...config }) => ({
      ...config,
      source: {
        ...Object(source),
        url: String(Object(source).url).replace(platform().server.origin, front.origin),
      },
    }));
    const refused = await platform().reconcile();
    expect(reasonOf(refused.status, "SourceReady")).toBe("K2001");
    expect(refused.output).toContain("NODE_EXTRA_CA_CERTS");
    const trusted = await platform().reconcile({ env: { NODE_EXTRA_CA_CERTS: certificate } });
    expect(trusted.exitCode).toBe(0);
  });

  it("must be refused by what tells a webhook, unless the same names it", async () => {
    const posted: string[] = [];
    await using hook = await startHttps((incoming, response) => {
      posted.push(incoming.url ?? "");
      response.writeHead(200).end();
    });
    await withNode(
      {
        release: oneService,
        agent: { notify: { webhook: { url: `${hook.origin}/hook` } } },
      },
      async (node) => {
        await node.agent.until("the refusal", () => node.agent.count("notify-failed") === 1);
        expect(posted).toEqual([]);
      },
    );
    await withNode(
      {
        release: oneService,
        agent: { notify: { webhook: { url: `${hook.origin}/hook` } } },
        process: { env: { NODE_EXTRA_CA_CERTS: certificate } },
      },
      async (node) => {
        await node.agent.until("the notification", () => node.agent.count("notified") === 1);
        expect(posted).toEqual(["/hook"]);
      },
    );
  });
});
