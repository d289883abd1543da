import { readFileSync } from "node:fs";

import type { SealedFile } from "@keelson/model";
import { expect, test } from "vitest";

import { readSealedFile } from "../../manifest/src/index.ts";
import { readVariables } from "./opened-variables.ts";
import { sealDotenv } from "./sops-dotenv.ts";
import { openSealedSecrets } from "./sealed-secrets.ts";
import { fixtureKeys } from "./test-sealed.ts";

const [own, other] = fixtureKeys;
const path = "apps/wiki/.env";

function sealedOf(text: string): SealedFile {
  const { sealed, problems } = readSealedFile({ path, mode: "100644", bytes: Buffer.from(text) });
  if (sealed === null) throw new Error(JSON.stringify(problems));
  return { ...sealed, instances: ["wiki"] };
}

const fixture = readFileSync(
  new URL("../../../test/fixtures/sops/compose.env.sops", import.meta.url),
  "utf8",
);
const linesOf = (values: ReadonlyMap<string, string>) => [...values].map(([name, text]) => `${name}=${text}`);

/** What Compose makes of the file that `sops decrypt` writes. */
test("the encrypted values of a file that sops has written are those that Compose would read", async () => {
  const { values, problems } = await openSealedSecrets([sealedOf(fixture)], own);
  expect(problems).toEqual([]);
  expect(linesOf(values)).toEqual([
    `${path}:DB_PASSWORD=p a"s$s #1`,
    `${path}:URL=postgres://wiki:x@db`,
    `${path}:PLAIN_QUOTED=it is`,
    `${path}:MULTI=a\nb`,
    String.raw`${path}:RAW=a\nb`,
    `${path}:EXPORTED=yes`,
    `${path}:TRAIL=abc`,
  ]);
});

test.each([
  ["a value in clear that was changed", (text: string) => text.replace("PORT=8080", "PORT=9090")],
  ["a value that was taken away", (text: string) => text.replace(/^URL=.*\n/m, "")],
  [
    "a value that was moved",
    (text: string) => text.replace(/^MULTI=.*$/m, /^RAW=.*$/m.exec(text)?.[0].replace("RAW", "MULTI") ?? ""),
  ],
  ["a value that was put in clear", (text: string) => text.replace(/^RAW=.*$/m, "RAW=mine")],
])("K1343 for %s, and no value of the file", async (_what, change) => {
  expect(change(fixture)).not.toBe(fixture);
  const { values, problems } = await openSealedSecrets([sealedOf(change(fixture))], own);
  expect(problems).toMatchObject([{ code: "K1343", file: path, instances: ["wiki"] }]);
  expect(values.size).toBe(0);
});

test("K1342 names the recipient that is missing", async () => {
  const { values, problems } = await openSealedSecrets([sealedOf(fixture)], other);
  expect(problems).toMatchObject([{ code: "K1342", file: path, instances: ["wiki"] }]);
  expect(problems[0]?.message).toContain(other.recipient);
  expect(values.size).toBe(0);
  const [keyless] = (await openSealedSecrets([sealedOf(fixture)], null)).problems;
  expect(keyless?.message).toContain("this node has no age key yet");
});

test("K1331 for an encrypted value that names a variable which the file does not set above it", async () => {
  const seal = async (text: string) =>
    (await sealDotenv(text, { recipients: [own.recipient], only: ["A", "B"], at: new Date() }))?.text ?? "";
  const open = async (text: string) => openSealedSecrets([sealedOf(await seal(text))], own);
  expect((await open("A=x${C}\nC=1\n")).problems).toMatchObject([
    { code: "K1331", line: 1, path: "A", instances: ["wiki"] },
  ]);
  expect((await open("C=1\nA=x${C}\n")).problems).toEqual([]);
  expect(linesOf((await open("A='x${C}'\nB=${C:-none}\n")).values)).toEqual([
    `${path}:A=x\${C}`,
    `${path}:B=none`,
  ]);
});

test("K1428 for a file that grows beyond measure", () => {
  const text = (index: number) => (index === 0 ? "x".repeat(1024) : `\${V${index - 1}}\${V${index - 1}}`);
  const values = Array.from({ length: 16 }, (_, index) => ({
    path: [`V${index}`],
    text: text(index),
    line: index + 1,
    wasSealed: true,
  }));
  expect(readVariables({ path }, values).problems).toMatchObject([{ code: "K1428", file: path }]);
});
