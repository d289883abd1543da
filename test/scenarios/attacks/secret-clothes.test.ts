import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { ImageSpec } from "../../support/index.ts";
import { withPlatform } from "../platform.ts";
import type { Platform, Round } from "../platform.ts";

const token = 'p4ss"w0rd\\<&>é/+%$=';
const pem = `-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\nAASCBKcwggSjAgEAAoIBAQC7VJTU\n-----END KEY-----\n`;
const base64 = (text: string) => Buffer.from(text).toString("base64");
const bytesOf = (text: string) => Array.from(Buffer.from(text), (byte) => byte.toString(16).padStart(2, "0"));

/** The token as programs print it: under a word that shows that it was printed. */
const clothes: Record<string, string> = {
  raw: token,
  json: JSON.stringify({ token }),
  nested: JSON.stringify(JSON.stringify({ token })),
  gojson: JSON.stringify({ token }).replace(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`),
  basic: `Authorization: Basic ${base64(`user:${token}`)}`,
  bearer: `Authorization: Bearer ${Buffer.from(token).toString("base64url")}`,
  docker: base64(JSON.stringify({ auths: { registry: { auth: base64(`u:${token}`) } } })),
  url: `https://user:${encodeURIComponent(token)}@host/`,
  lower: bytesOf(token)
    .map((byte) => `%${byte}`)
    .join(""),
  form: new URLSearchParams({ token }).toString(),
  hex: bytesOf(token).join(""),
  upper: bytesOf(token).join("").toUpperCase(),
  html: token.replace(
    /[&<>"]/g,
    (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign] ?? "",
  ),
  shell: token.replace(/["\\$`]/g, "\\$&"),
};
const printed = Object.entries(clothes).map(([name, text]) => `${name}: ${text}`);

/** Prints what it was made with, in the place of a program that was given the token. */
const talker: Omit<ImageSpec, "tag"> = {
  files: {
    // As many lines as are told of a log, with those of the PEM.
    ...Object.fromEntries(
      [0, 1, 2].map((part) => [
        `/words-${part}`,
        { content: `${printed.slice(part * 5, part * 5 + 5).join("\n")}\n`, mode: 0o644 },
      ]),
    ),
    // The engine keeps a line of more than 16 KiB in pieces, and ten of these are told, or asked for.
    "/long": {
      content: `${"x".repeat(16 * 1024 - 5)}${token}\n${"line\n".repeat(9)}`,
      mode: 0o644,
    },
    "/bin/long": { content: "#!/bin/sh\ncat /long\nexit 1\n", mode: 0o755 },
    "/bin/once": { content: '#!/bin/sh\ncat "$1"\ncat /etc/app/pem\nexit 1\n', mode: 0o755 },
  },
};
const release = `
-- release.yaml --
secrets: { token: {}, pem: {} }
-- packages/web/package.yaml --
update: { trial: 20s }
files:
  - { template: pem.liquid, to: app/pem, onChange: restart }
  - { template: token.json.liquid, to: app/token.json, onChange: restart }
  - { template: sealed.liquid, to: sealed/token, onChange: recreate }
-- packages/web/pem.liquid --
{{ secrets.pem }}
-- packages/web/token.json.liquid --
{ "token": {{ secrets.token | json }} }
-- packages/web/sealed.liquid --
{{ secrets.token }}
-- packages/web/compose.yaml --
services:
  web:
    image: "IMAGES/talker:1"
    volumes: ["./app:/etc/app:ro"]
    secrets: [token]
secrets: { token: { file: ./sealed/token } }
-- packages/keep/compose.yaml --
services:
  keep: { image: "IMAGES/keep:1" }
`;
const options = { release, secrets: { app: { token, pem } }, images: { "talker:1": talker } };

it.each([
  ["a service that ends", 'command: ["/bin/once", "/words-0"]', ["raw", "basic"]],
  ["another that ends", 'command: ["/bin/once", "/words-1"]', ["bearer", "form"]],
  [
    "a health check",
    "healthcheck: { test: [CMD, cat, /nothing, /words-2], interval: 1s, retries: 1 }",
    ["hex", "shell"],
  ],
])("%s that prints a secret in other clothes leaves it nowhere", async (_, lines, words) => {
  const failing = release.replace("    secrets: [token]", `    secrets: [token]\n    ${lines}`);
  await withPlatform({ ...options, release: failing }, async (platform) => {
    const round = await platform.reconcile();
    expect(round.exitCode).not.toBe(0);
    // It did print them, and what it printed was told.
    for (const word of words) expect(round.output).toMatch(new RegExp(`${word}: .*\\*\\*\\*`));
    expectHidden(round.output + JSON.stringify(round.status));
    for (const text of await textsBelow(platform.stateDir, /instances\/web\/(?:files|live)\//))
      expectHidden(text);
    const logs = await platform.keelson(["logs", "--config", platform.config, "web"]);
    expectHidden(logs.stdout + logs.stderr);
  });
});

it("half a secret with which the end of a log begins must be told nowhere", async () => {
  const failing = release.replace("    secrets: [token]", '    secrets: [token]\n    command: ["/bin/long"]');
  await withPlatform({ ...options, release: failing }, async (platform) => {
    const round = await platform.reconcile();
    expect(round.output).toMatch(/cause: …\*\*\*\n *line\n/);
    expectHidden(round.output + JSON.stringify(round.status));
    for (const text of await textsBelow(platform.stateDir, /instances\/web\/(?:files|live)\//))
      expectHidden(text);
    const logs = await platform.keelson(["logs", "--config", platform.config, "--tail", "10", "web"]);
    expect(logs.stdout).toMatch(/^web-1 +\| \*\*\*\n/);
    expectHidden(logs.stdout + logs.stderr);
  });
});

it("a secret must not outlive its instance, nor its older value the change, and other instances stay", async () => {
  await withPlatform(options, async (platform) => {
    expect((await platform.reconcile()).exitCode).toBe(0);
    // It is right where it is to be, also where a quote has to be escaped.
    expect(JSON.parse(await platform.exec("web/web", "cat", "/etc/app/token.json"))).toEqual({ token });
    expect(await platform.exec("web/web", "cat", "/run/secrets/token")).toBe(`${token}\n`);
    const kept = await platform.container("keep/keep");

    const round = await without(platform, ["web"]);
    expect(round.exitCode).toBe(0);
    expect(await readdir(join(platform.stateDir, "instances"))).toEqual(["keep"]);
    for (const text of await textsBelow(platform.stateDir)) expectHidden(text);
    expectHidden(round.output + JSON.stringify(round.status));
    expect((await platform.container("keep/keep")).startedAt).toBe(kept.startedAt);
    expect((await platform.reconcile()).output).toContain("nothing to do");
  });
});

/** Takes instances out of the environment and lets a round run. */
async function without(platform: Platform, names: string[]): Promise<Round> {
  const text = await readFile(join(platform.repository.path, platform.paths.environment), "utf8");
  const absent = names.reduce(
    (rest, name) => rest.replace(`package: app/${name}`, `package: app/${name}\n    state: absent`),
    text,
  );
  expect(absent).not.toBe(text);
  await platform.push({ [platform.paths.environment]: absent }, "away");
  return platform.reconcile();
}

/** What stays after nobody can read anything back: neither the values, nor what only they have in each form. */
function expectHidden(text: string): void {
  const parts = [
    "p4ss",
    "w0rd",
    "MIIEvQ",
    "AASCBK",
    // Without the last character, which depends on what comes next.
    base64("user:p4ss").slice(0, -1),
    base64('p4ss"w'),
    bytesOf("p4ss").join(""),
    bytesOf("w0rd").join("").toUpperCase(),
    "%70%34%73%73",
  ];
  for (const part of parts) expect(text).not.toContain(part);
  for (const dressed of Object.values(clothes)) expect(text).not.toContain(dressed);
}

/** All files below a folder, the record too, as text; but those whose path matches, which hold what they are for. */
async function textsBelow(folder: string, but = /^$/): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(files.filter((path) => !but.test(path)).map(async (path) => readFile(path, "latin1")));
}
