import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import type { ImageSpec } from "../../support/index.ts";
import { findText } from "../footprint.ts";
import { withPlatform } from "../platform.ts";
import type { Platform, Round } from "../platform.ts";

/** `talker` prints the file that holds the secret: when it starts, and when it is told to read it again. */
const talker: Omit<ImageSpec, "tag"> = {
  files: {
    "/bin/again": {
      content: "#!/bin/sh\necho again:\ncat /etc/app/token >&2\nexit 3\n",
      mode: 0o755,
    },
    "/bin/once": { content: "#!/bin/sh\necho once:\ncat /etc/app/token\nexit 1\n", mode: 0o755 },
  },
};
const release = `
-- release.yaml --
secrets: { token: {} }
-- settings.schema.json --
{ "properties": { "greeting": { "type": "string", "default": "hello" } } }
-- packages/web/package.yaml --
files:
  - { template: token.liquid, to: app/token, onChange: { exec: [/bin/again] } }
-- packages/web/token.liquid --
{{ settings.greeting }} {{ secrets.token }}
-- packages/web/compose.yaml --
services:
  web:
    image: "IMAGES/talker:1"
    volumes: ["./app:/etc/app:ro"]
`;
const token = 'pr1nted "quoted" t0ken';
const options = { release, secrets: { app: { token } }, images: { "talker:1": talker } };

it("a value that a command printed before it failed must be in nothing that the round leaves", async () => {
  await withPlatform(options, async (platform) => {
    expect((await platform.reconcile()).exitCode).toBe(0);
    await platform.push(
      { [platform.paths.environment]: (text) => `${text}\nsettings: { app: { greeting: good-day } }\n` },
      "greet",
    );
    const round = await platform.reconcile();
    expect(round.output).toContain("again:");
    expect(round.output).toContain("good-day ***");
    expect(round.exitCode).not.toBe(0);
    await expectNowhere(platform, round);
  });
});

it("neither must one that a service printed before it exited", async () => {
  const failing = release.replace("volumes:", 'command: ["/bin/once"]\n    volumes:');
  await withPlatform({ ...options, release: failing }, async (platform) => {
    const round = await platform.reconcile();
    expect(round.output).toContain("once:");
    expect(round.output).toContain("hello ***");
    expect(round.status.errors.map(({ message }) => message).join()).toContain("once: | hello ***");
    expect(round.exitCode).not.toBe(0);
    await expectNowhere(platform, round);
  });
});

/** Also not in a part, or as JSON writes it. The placed file has it, which is what it is for. */
async function expectNowhere(platform: Platform, round: Round): Promise<void> {
  for (const part of ["pr1nted", "t0ken"]) {
    expect(round.output + JSON.stringify(round.status)).not.toContain(part);
    const holders = await findText(platform.stateDir, part);
    for (const { path } of holders) {
      expect(await readFile(`${platform.stateDir}/${path}`, "utf8")).toMatch(/^(hello|good-day) pr1nted/);
    }
    expect(holders.length).toBeGreaterThan(0);
  }
}
