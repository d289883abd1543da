import { createServer } from "node:net";
import { once } from "node:events";
import { beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../../support/index.ts";
import { expectFault, expectReady, expectUntouched, whilePushed } from "../faults/outcome.ts";
import { usePlatform } from "../platform.ts";
import type { Container } from "../platform.ts";

const release = `
-- packages/web/package.yaml --
variables: { DRIVER: json-file }
-- packages/web/compose.yaml --
services:
  web: { image: "IMAGES/web:1", logging: { driver: "\${DRIVER}" } }
`;
const folder = "releases/app/1.0.0/packages/web";
const compose = (logging: string, more = "") =>
  `services:\n  web: { image: "IMAGES/web:1", logging: ${logging} }\n${more}`;

describe("a logging driver, which the engine itself runs as root in the node's network", () => {
  const platform = usePlatform({ release });
  let before: Container[];

  beforeAll(async () => {
    expectReady(await platform().reconcile());
    before = await platform().containers();
  });

  it("must reach no listener of the node's loopback, and no file by an option of it", async () => {
    let calls = 0;
    await using server = createServer((socket) => {
      calls++;
      socket.destroy();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = Object(server.address());
    const attacks = [
      `{ driver: syslog, options: { syslog-address: "tcp://127.0.0.1:${port}" } }`,
      `{ driver: syslog, options: { syslog-address: "tcp+tls://127.0.0.1:${port}", syslog-tls-ca-cert: ../../etc/shadow } }`,
      `{ driver: gelf, options: { gelf-address: "tcp://127.0.0.1:${port}" } }`,
      `{ driver: fluentd, options: { fluentd-address: "127.0.0.1:${port}", fluentd-async: "false" } }`,
      `{ driver: splunk, options: { splunk-url: "http://127.0.0.1:${port}", splunk-token: x, splunk-capath: /etc/shadow } }`,
      `{ options: { syslog-address: "tcp://127.0.0.1:${port}" } }`,
      `{ driver: json-file, options: { tag: '{{pad "" 1000000000 0}}' } }`,
    ];
    for (const logging of attacks) {
      const look = async () => {
        const round = await platform().reconcile();
        expectFault(round, { code: "K1430" });
        await expectUntouched(platform(), before);
      };
      await whilePushed(platform(), { changes: { [`${folder}/compose.yaml`]: compose(logging) }, look });
    }
    expect(calls).toBe(0);
  });

  it.each([
    ["a variable", { "package.yaml": (text: string) => text.replace("json-file", "syslog") }],
    [
      "an extended service",
      {
        "compose.yaml": "services:\n  web: { extends: { service: base, file: base.yaml } }\n",
        "base.yaml": 'services:\n  base: { image: "IMAGES/web:1", logging: { driver: gelf } }\n',
      },
    ],
    [
      "an included file",
      {
        "compose.yaml": 'include: [more.yaml]\nservices:\n  web: { image: "IMAGES/web:1" }\n',
        "more.yaml": 'services:\n  two: { image: "IMAGES/web:1", logging: { driver: fluentd } }\n',
      },
    ],
    ["an anchor", { "compose.yaml": compose("*l").replace(/^/, "x-l: &l { driver: awslogs }\n") }],
  ])("must not be hidden in %s", async (_what, files) => {
    const changes = Object.fromEntries(
      Object.entries(files).map(([name, change]) => [`${folder}/${name}`, change]),
    );
    const look = async () => {
      const round = await platform().reconcile();
      expectFault(round, { code: "K1430" });
      expect(round.worked).toBe(false);
    };
    await whilePushed(platform(), { changes, look });
    await expectUntouched(platform(), before);
    expectReady(await platform().reconcile());
  });

  it("must be free to choose among those that keep the logs with the engine", async () => {
    const { docker } = platform();
    for (const [driver, options] of [
      ["local", { "max-size": "1m", "max-file": "2" }],
      ["json-file", { "max-size": "1m", tag: "{{.Name}}", labels: "a", mode: "non-blocking" }],
      ["none", {}],
    ] as const) {
      await platform().push({
        [`${folder}/compose.yaml`]: compose(JSON.stringify({ driver, options })),
      });
      expectReady(await platform().reconcile());
      const made = await waitFor(async () => platform().container("web/web"), {
        what: "the container",
      });
      const { HostConfig: host } = await docker.getContainer(made.id).inspect();
      expect(host.LogConfig).toEqual({ Type: driver, Config: options });
    }
  });
});
