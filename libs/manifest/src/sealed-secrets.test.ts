import { expect, test } from "vitest";

import { readRepository } from "./repository.ts";
import { findRecipientFaults } from "./sealed-secrets.ts";

const enc = "ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]";
const own = "age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq";
const other = "age1qgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpquuzgag";
const sops = `sops: { age: [{ recipient: ${own}, enc: x }], lastmodified: "2026", mac: "${enc}" }\n`;

function read(secrets: string, node = `name: one\nkeys: { age: ${own} }\n`) {
  const texts = {
    "environments/lab/environment.yaml": "name: lab\n",
    "environments/lab/nodes/one.yaml": node,
    "environments/lab/secrets.sops.yaml": secrets,
  };
  const files = Object.entries(texts).map(
    ([path, text]) =>
      [path, { path, mode: "100644" as const, bytes: new TextEncoder().encode(text) }] as const,
  );
  const { repository, problems } = readRepository(new Map(files));
  const own = problems.filter(({ file }) => file.endsWith(".sops.yaml"));
  return [...own, ...findRecipientFaults(repository)].map(
    ({ code, file, line, message }) => `${code} ${file.split("/").at(-1)}:${line} ${message}`,
  );
}

test("secrets that every node can open are no problem", () => {
  expect(read(`pryv: { adminKey: "${enc}" }\n${sops}`)).toEqual([]);
});

test.each([
  ["pryv: { a: x }\n", "no key `sops`"],
  [
    `pryv: { a: "${enc}" }\nsops: { pgp: [{ fp: x }], lastmodified: "2026", mac: "${enc}" }\n`,
    "no age recipient",
  ],
  [`pryv: { a: "${enc}" }\nsops: { age: [{ recipient: ${own}, enc: x }] }\n`, "no checksum"],
  [`pryv: { a: hunter2 }\n${sops}`, "pryv.a is not encrypted"],
  [`pryv: { a: "" }\n${sops}`, "pryv.a is empty"],
  [`a: "${enc}"\n${sops}`, "a is not in the form"],
  [`pryv: { a: { b: "${enc}" } }\n${sops}`, "pryv.a.b is not in the form"],
])("K1344 for %.40j", (text, message) => {
  const [first, ...others] = read(text);
  expect(first).toContain("K1344");
  expect(first).toContain(message);
  expect(others).toEqual([]);
});

test("a node that could not open them is a problem in its own file: K1342 and K1345", () => {
  const text = `pryv: { adminKey: "${enc}" }\n${sops}`;
  expect(read(text, `name: one\nkeys: { age: ${other} }\n`)).toEqual([
    `K1342 one.yaml:2 node one cannot open environments/lab/secrets.sops.yaml: it is not encrypted to ${other}`,
  ]);
  expect(read(text, "name: one\n")).toEqual([
    "K1345 one.yaml:1 node one has no age key here, so that environments/lab/secrets.sops.yaml cannot be encrypted to it",
  ]);
});
