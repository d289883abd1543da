import type { SealedFile } from "@keelson/model";
import { expect, test } from "vitest";

import { readSealedFile } from "../../manifest/src/index.ts";
import { openSealedSecrets } from "./sealed-secrets.ts";
import { sealPlainFile } from "./sealing.ts";
import { fixtureKeys } from "./test-sealed.ts";

const [own, other] = fixtureKeys;

async function fileOf(
  path: string,
  { text, instances, to = own.recipient }: { text: string; instances: string[] | null; to?: string },
): Promise<SealedFile> {
  const sealed = await sealPlainFile({ path, text }, { recipients: [to], at: new Date() });
  const read = readSealedFile({ path, mode: "100644", bytes: Buffer.from(sealed) }).sealed;
  if (read === null) throw new Error(sealed);
  return { ...read, instances };
}

test("the folder of a package gives way to the environment, and that to the instance", async () => {
  const both = ["wiki", "wiki-b"];
  const folder = await fileOf("apps/wiki/secrets.sops.yaml", { text: "a: f\nb: f\nc: f\n", instances: both });
  const environment = await fileOf("environments/home/secrets.sops.yaml", {
    text: "wiki: { b: e, c: e }\n",
    instances: null,
  });
  const instance = { text: "c: i\n", instances: ["wiki"] };
  const path = "environments/home/secrets/wiki.sops.yaml";
  const files = [folder, environment, await fileOf(path, instance)];
  const { values, problems } = await openSealedSecrets(files, own);
  expect(problems).toEqual([]);
  expect(Object.fromEntries(values)).toEqual({
    "wiki.a": "f",
    "wiki.b": "e",
    "wiki.c": "i",
    "wiki-b.a": "f",
    "wiki-b.b": "f",
    "wiki-b.c": "f",
  });

  // The value of a weaker file is not the one that is meant.
  const strange = await fileOf(path, { ...instance, to: other.recipient });
  const closed = await openSealedSecrets([folder, environment, strange], own);
  expect(closed.problems).toMatchObject([{ code: "K1342", file: path, instances: ["wiki"] }]);
  expect(closed.values.has("wiki.c")).toBe(false);
  expect(closed.values.get("wiki.b")).toBe("e");
});
