import { readFileSync } from "node:fs";

import type { SealedFile } from "@keelson/model";
import { describe, expect, test } from "vitest";

import { readSealedFile } from "../../manifest/src/index.ts";
import { openSealedFile } from "./sops-file.ts";
import { fixtureKeys } from "./test-sealed.ts";

const [own, other] = fixtureKeys;

/** A file that `sops` 3.11.0 has written to the keys of the tests. */
function sealedFile(name: string, change = (text: string) => text): SealedFile {
  const text = readFileSync(new URL(`../../../test/fixtures/sops/${name}`, import.meta.url), "utf8");
  const bytes = Buffer.from(change(text));
  const { sealed, problems } = readSealedFile({ path: `environments/lab/${name}`, mode: "100644", bytes });
  if (sealed === null) throw new Error(JSON.stringify(problems));
  return sealed;
}

const valuesOf = async (file: SealedFile, identity = own) => {
  const result = await openSealedFile(file, identity);
  return "fault" in result
    ? result.fault.kind
    : result.opened.values.map(({ path, text }) => `${path.join(".")}=${text}`);
};

describe("what sops has encrypted", () => {
  test("is opened by each of its recipients: YAML with all kinds of values", async () => {
    const file = sealedFile("values.sops.yaml");
    expect(await valuesOf(file)).toEqual([
      "pryv.adminKey=quote \" and 'single'",
      "pryv.dbPassword=two\nlines\n",
      "pryv.empty=",
      "pryv.number=8080",
      "pryv.float=1.5",
      "pryv.flag=True",
      "pryv.shown_unencrypted=as it is",
      "pryv.list=a",
      "pryv.list.b=c",
      "wiki.token=é€",
    ]);
    expect(await valuesOf(file, other)).toEqual(await valuesOf(file));
  });

  test("is opened: dotenv files, also those of which only a part is encrypted", async () => {
    expect(await valuesOf(sealedFile("values.env.sops"))).toEqual([
      'DB_PASSWORD=p$x "q"',
      "MULTI=a\nb",
      "PORT_unencrypted=8080",
      "EMPTY=",
    ]);
    expect(await valuesOf(sealedFile("part.env.sops"))).toEqual(["PORT=8080", "DB_PASSWORD=secret"]);
    expect(await valuesOf(sealedFile("part.env.sops", (text) => text.replace("8080", "9090")))).toContain(
      "PORT=9090",
    );
  });
});

describe("what is not as it was written", () => {
  test("is not opened by a key that it is not for", async () => {
    expect(await valuesOf(sealedFile("values.env.sops"), other)).toBe("recipient");
  });

  const yaml = "values.sops.yaml";
  const adminKey = /adminKey: (ENC\[[^\]]*\])/;
  const dbPassword = /dbPassword: (ENC\[[^\]]*\])/;
  test.each<[string, string, (text: string) => string]>([
    [
      "a value that was changed",
      "value",
      (text) => text.replace(/(adminKey: ENC\[AES256_GCM,data:)./, "$1A"),
    ],
    [
      "a value that was moved",
      "value",
      (text) => text.replace(dbPassword, `dbPassword: ${adminKey.exec(text)?.[1]}`),
    ],
    ["a key that was renamed", "value", (text) => text.replace("adminKey", "adminkey")],
    ["a release that was renamed", "value", (text) => text.replace("wiki:", "wikis:")],
    ["a value that was taken away", "checksum", (text) => text.replace(/\n {4}adminKey: .*/, "")],
    ["a value that was put in clear", "checksum", (text) => text.replace(adminKey, "adminKey: mine")],
    ["a value that was added", "checksum", (text) => text.replace("pryv:\n", "pryv:\n    more: x\n")],
    ["a value in clear that was changed", "checksum", (text) => text.replace("as it is", "as it was")],
    [
      "values that changed places",
      "checksum",
      (text) => text.replace(/( {4}adminKey: .*\n)( {4}dbPassword: .*\n)/, "$2$1"),
    ],
    ["another time", "checksum", (text) => text.replace(/lastmodified: "2026/, 'lastmodified: "2025')],
    [
      "a checksum that was changed",
      "checksum",
      (text) => text.replace(/(mac: ENC\[AES256_GCM,data:)./, "$1A"),
    ],
    [
      "the data key of another file",
      "recipient",
      (text) => text.replace(/YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+/, "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0/"),
    ],
  ])("is not opened: %s", async (_what, fault, change) => {
    const text = readFileSync(new URL(`../../../test/fixtures/sops/${yaml}`, import.meta.url), "utf8");
    expect(change(text)).not.toBe(text);
    expect(await valuesOf(sealedFile(yaml, change))).toBe(fault);
  });
});
