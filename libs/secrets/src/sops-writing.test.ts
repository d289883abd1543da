import { decryptSops } from "sops-age";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";

import { readSealedFile } from "../../manifest/src/index.ts";
import { newDocument, openDocument, sealDocument, setValue } from "./sops-document.ts";
import { sealDotenv } from "./sops-dotenv.ts";
import { openSealedFile } from "./sops-file.ts";
import { fixtureKeys } from "./test-sealed.ts";

const [own, other] = fixtureKeys;
const at = new Date("2026-11-30T06:00:00.123Z");
const both = { recipients: [own.recipient, other.recipient], at };

const clear = `# a comment
pryv: { adminKey: "a\\"b: #c", empty: "", number: 8080, flag: true, shown_unencrypted: x }
wiki:
  # hunter2
  token: |
    two
    lines
  list: [a, { b: é€ }]
`;
const fileOf = (path: string, text: string) => {
  const { sealed, problems } = readSealedFile({ path, mode: "100644", bytes: Buffer.from(text) });
  if (sealed === null) throw new Error(JSON.stringify(problems));
  return sealed;
};
const open = async (path: string, text: string, identity = own) => {
  const result = await openSealedFile(fileOf(path, text), identity);
  if ("fault" in result) throw new Error(result.fault.kind);
  return result.opened;
};

describe("a YAML file that was encrypted here", () => {
  test("is opened by each recipient, here and by another program that knows SOPS' format", async () => {
    const text = await sealDocument(newDocument(clear), both);
    expect(text).not.toMatch(/hunter2|two|8080|é|a comment/);
    expect(
      (await open("x.yaml", text)).values.map(({ path, text: value }) => `${path.join(".")}=${value}`),
    ).toEqual([
      'pryv.adminKey=a"b: #c',
      "pryv.empty=",
      "pryv.number=8080",
      "pryv.flag=True",
      "pryv.shown_unencrypted=x",
      "wiki.token=two\nlines\n",
      "wiki.list=a",
      "wiki.list.b=é€",
    ]);
    for (const { key } of fixtureKeys)
      expect(await decryptSops(text, { secretKey: key, fileType: "yaml" })).toMatchObject({
        pryv: { adminKey: 'a"b: #c', number: "8080", shown_unencrypted: "x" },
        wiki: { token: "two\nlines\n", list: ["a", { b: "é€" }] },
      });
  });

  test("keeps what it was encrypted as where a value does not change, with the same data key", async () => {
    const before = await sealDocument(newDocument(clear), { ...both, recipients: [own.recipient] });
    const { dataKey } = await open("x.yaml", before);
    const changed = openDocument(before, dataKey);
    setValue(changed, { path: ["wiki", "token"], text: "new" });
    setValue(changed, { path: ["wiki", "second"], text: "hunter2" });
    setValue(changed, { path: ["mail", "password"], text: "more" });
    const after = await sealDocument(changed, both);
    expect(after).not.toMatch(/hunter2|more/);
    const [was, is] = [parse(before), parse(after)];
    expect(is.pryv).toEqual(was.pryv);
    expect(is.wiki.list).toEqual(was.wiki.list);
    expect(is.wiki.token).not.toBe(was.wiki.token);
    expect(Object.keys(is)).toEqual(["pryv", "wiki", "mail", "sops"]);
    const { values } = await open("x.yaml", after, other);
    expect(values.map(({ text }) => text).slice(-5)).toEqual(["new", "a", "é€", "hunter2", "more"]);
  });
});

test("a value that would be written in clear, because it is none of the document's own, is a bug that ends it", async () => {
  const document = newDocument("a: { b: c }");
  document.document.setIn(["a", "d"], "hunter2");
  await expect(sealDocument(document, both)).rejects.toThrow("a.d of a document to be encrypted is no value");
});

describe("a dotenv file that was encrypted here", () => {
  const text = "# note hunter2\nexport A='x y'\nDB_PASSWORD=p=$x\\n\n\nPORT=8080\n";
  test("is opened here and by another program that knows SOPS' format", async () => {
    const sealed = (await sealDotenv(text, both))?.text ?? "";
    expect(sealed).not.toMatch(/hunter2|8080/);
    const { values } = await open("x.env.sops", sealed, other);
    expect(values.map(({ path, text: value }) => `${path[0]}=${value}`)).toEqual([
      "A='x y'",
      "DB_PASSWORD=p=$x\n",
      "PORT=8080",
    ]);
    const theirs = await decryptSops(sealed, { secretKey: own.key, fileType: "env" });
    expect(theirs).toMatchObject({ PORT: "8080" });
  });

  test("leaves in clear what is no secret", async () => {
    const sealed = (await sealDotenv(text, { ...both, only: ["DB_PASSWORD"] }))?.text ?? "";
    expect(sealed).toContain("PORT=8080\n");
    expect(sealed).toContain("sops_encrypted_regex=^(DB_PASSWORD)$");
    expect((await open("x.env.sops", sealed)).values.map(({ wasSealed }) => wasSealed)).toEqual([
      false,
      true,
      false,
    ]);
    expect(await sealDotenv("no line\n", both)).toBeNull();
  });
});
