import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { readSealedFile } from "../../manifest/src/index.ts";
import { makeAgeKey, readAgeKey, readRecipient } from "./age-key.ts";
import { openSealedValue, rotateSealed, sealPlainFile, sealValues, sealVariables } from "./sealing.ts";

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
const openable = (text: string, identityFile: string, path = "secrets.sops.yaml") => {
  const bytes = Buffer.from(text);
  const { sealed, problems } = readSealedFile({ path, mode: "100644", bytes });
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
  const first = await sealValues(null, { ...input, values: [{ path: ["pryv", "a"], value: "one" }] });
  const second = await sealValues(openable(first, own), {
    ...input,
    values: [{ path: ["pryv", "b"], value: "two\n" }],
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
  const text = await sealValues(null, { ...input, values: [{ path: ["pryv", "a"], value: "one" }] });
  const pgp = openable(text.replace("sops:\n", "sops:\n  pgp: [{ fp: x }]\n"), own);
  await expect(
    sealValues(pgp, { ...input, values: [{ path: ["pryv", "b"], value: "x" }] }),
  ).rejects.toMatchObject({
    code: "K9092",
  });
  const commented = openable(`#ENC[AES256_GCM,data:x,iv:x,tag:x,type:comment]\n${text}`, own);
  await expect(rotateSealed(commented, input)).rejects.toMatchObject({ code: "K9092" });
});

test("a file of variables is encrypted anew, with the same keys in clear and what says which those are", async () => {
  const text = "# shown\nPORT=8\\n0\nPW=two\\nlines\n";
  const first = await sealPlainFile(
    { path: ".env", text },
    { recipients: [await recipientOf(own)], only: ["PW"], at },
  );
  const commented = `# shown\n${first}`;
  const rotated = await rotateSealed(openable(commented, own, ".env"), {
    recipients: [await recipientOf(stranger)],
    at: new Date("2026-12-01T06:00:00Z"),
  });
  expect(rotated.split("\n").slice(0, 2)).toEqual(["# shown", String.raw`PORT=8\n0`]);
  expect(rotated).toContain("\nsops_encrypted_regex=^(PW)$\n");
  expect(/^PW=.*/m.exec(rotated)?.[0]).not.toBe(/^PW=.*/m.exec(first)?.[0]);
  expect(await openSealedValue(openable(rotated, stranger, ".env"), ["PW"])).toBe("two\nlines");
  await expect(openSealedValue(openable(rotated, own, ".env"), ["PW"])).rejects.toMatchObject({
    code: "K9089",
  });
  for (const more of ["sops_pgp__list_0__map_fp=x\n", "#ENC[AES256_GCM,data:x,iv:x,tag:x,type:comment]\n"])
    await expect(
      rotateSealed(openable(more + first, own, ".env"), { recipients: [await recipientOf(own)], at }),
    ).rejects.toMatchObject({ code: "K9092" });
});

test("the secrets of a plain file of variables are encrypted where Compose reads the same afterwards", async () => {
  const seal = async (text: string, only = ["PW"]) =>
    sealVariables({ path: ".env", text }, { recipients: [await recipientOf(own)], only, at });
  const text = '# shown\nPORT=80\n\n#PW=before\nexport PW="a $$ \\"b\\""\nURL=x${PORT}\n';
  const sealed = (await seal(text, ["PW", "URL"])) ?? "";
  expect(sealed).toMatch(/^# shown\nPORT=80\nPW=ENC\[.*\nURL=ENC\[/);
  expect(sealed).not.toContain("before");
  expect(await openSealedValue(openable(sealed, own, ".env"), ["PW"])).toBe('"a $$ \\"b\\""');
  for (const unfit of [
    // A value of two lines, another form, a variable of elsewhere, and a name that is not there.
    'PW="a\nb"\n',
    "PW: a\n",
    "PW: a=b\n",
    "PW=${OTHER}\n",
    "PORT=1\n",
  ])
    expect(await seal(unfit)).toBeNull();
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
