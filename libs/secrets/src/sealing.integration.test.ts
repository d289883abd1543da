import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { readSealedFile } from "../../manifest/src/index.ts";
import { makeAgeKey, readAgeKey, readRecipient } from "./age-key.ts";
import { openSealedValue, rotateSealed, sealFirstValue, sealPlainFile, setSealedValue } from "./sealing.ts";

let folder: string;
let own: string;
let stranger: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "keelson-sealing-"));
  [own, stranger] = [join(folder, "etc", "own.key"), join(folder, "stranger.key")];
  await makeAgeKey(own);
  await makeAgeKey(stranger);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const at = new Date("2026-11-30T06:00:00Z");
const recipientOf = async (path: string) => (await readRecipient(path)) ?? "";
const openable = (text: string, identityFile: string) => {
  const bytes = Buffer.from(text);
  const { sealed, problems } = readSealedFile({ path: "secrets.sops.yaml", mode: "100644", bytes });
  if (sealed === null) throw new Error(JSON.stringify(problems));
  return { sealed, text, identityFile };
};

test("the age key is made once, private, in the form of age-keygen", async () => {
  const before = await readFile(own, "utf8");
  await makeAgeKey(own);
  expect(await readFile(own, "utf8")).toBe(before);
  expect((await stat(own)).mode & 0o777).toBe(0o600);
  expect(before).toMatch(/^# public key: age1[a-z0-9]+\nAGE-SECRET-KEY-1[A-Z0-9]+\n$/);
  expect((await readAgeKey(own))?.recipient).toBe(await recipientOf(own));
  expect(await readRecipient(join(folder, "no.key"))).toBeNull();
});

test("K4026 for a key file without a key, which is not quoted", async () => {
  const damaged = join(folder, "damaged.key");
  await writeFile(damaged, "AGE-SECRET-KEY-1HUNTER2\n", { mode: 0o600 });
  const failed = readAgeKey(damaged);
  await expect(failed).rejects.toMatchObject({ code: "K4026" });
  await expect(failed).rejects.not.toThrow(/HUNTER2/);
});

test("values are set one after the other, read, and encrypted to others alone", async () => {
  const input = { recipients: [await recipientOf(own)], at };
  const first = await sealFirstValue({ ...input, path: ["pryv", "a"], value: "one" });
  const second = await setSealedValue(openable(first, own), {
    ...input,
    path: ["pryv", "b"],
    value: "two\n",
  });
  expect(second).not.toMatch(/one|two/);
  expect(await openSealedValue(openable(second, own), ["pryv", "b"])).toBe("two\n");
  expect(await openSealedValue(openable(second, own), ["pryv", "c"])).toBeNull();
  const rotated = await rotateSealed(openable(second, own), {
    recipients: [await recipientOf(stranger)],
    at,
  });
  expect(await openSealedValue(openable(rotated, stranger), ["pryv", "a"])).toBe("one");
  await expect(openSealedValue(openable(rotated, own), ["pryv", "a"])).rejects.toMatchObject({
    code: "K9089",
  });
  const nobody = openable(rotated, join(folder, "no.key"));
  await expect(openSealedValue(nobody, ["pryv", "a"])).rejects.toMatchObject({
    code: "K9089",
    hint: expect.stringContaining("on a node that is one its agent.yaml with --config FILE"),
  });
});

test("K9092 for a file that would lose something if it were written anew", async () => {
  const input = { recipients: [await recipientOf(own)], at };
  const text = await sealFirstValue({ ...input, path: ["pryv", "a"], value: "one" });
  const pgp = openable(text.replace("sops:\n", "sops:\n  pgp: [{ fp: x }]\n"), own);
  await expect(setSealedValue(pgp, { ...input, path: ["pryv", "b"], value: "x" })).rejects.toMatchObject({
    code: "K9092",
  });
  const commented = openable(`#ENC[AES256_GCM,data:x,iv:x,tag:x,type:comment]\n${text}`, own);
  await expect(rotateSealed(commented, input)).rejects.toMatchObject({ code: "K9092" });
});

test("K9091 for a file that is no plain one", async () => {
  const input = { recipients: [await recipientOf(own)], at };
  const sealed = await sealPlainFile({ path: "db.env", text: "A=1\n" }, input);
  expect(sealed).toMatch(/^A=ENC\[/);
  for (const [path, text] of [
    ["db.env", sealed],
    ["db.env", "no line\n"],
    ["x.yaml", "a: [\n"],
  ] as const)
    await expect(sealPlainFile({ path, text }, input)).rejects.toMatchObject({ code: "K9091" });
});
