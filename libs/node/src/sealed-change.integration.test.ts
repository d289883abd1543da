import { join } from "node:path";

import { makeAgeKey, readRecipient } from "@keelson/secrets";
import { makeGitRepository, makeTempFolder } from "@keelson/test/support";
import { expect, test } from "vitest";

import { openSecret, rotateSecrets, setSecret } from "./sealed-change.ts";
import { readSealedState } from "./sealed-state.ts";

test("secrets of releases and of local instances are set to the nodes' keys, and committed alone", async () => {
  await using repository = await makeGitRepository();
  await using folder = await makeTempFolder();
  const identityFile = folder.join("age.key");
  await makeAgeKey(identityFile);
  const recipient = (await readRecipient(identityFile)) ?? "";
  const environment = "environments/lab";
  await repository.write({
    [`${environment}/environment.yaml`]:
      "name: lab\nreleases: { app: ^1.0.0 }\ninstances: { wiki: { package: ./apps/wiki } }\n",
    [`${environment}/nodes/one.yaml`]: "name: one\n",
    [`${environment}/nodes/two.yaml`]: "name: two\n",
    "releases/app/1.0.0/release.yaml": "name: app\nversion: 1.0.0\npackages: [web]\nsecrets: { token: {} }\n",
    "apps/wiki/compose.yaml": "services: { wiki: { image: wiki } }\n",
  });
  const place = { repository: repository.path, environment: "lab", identityFile };
  const change = { ...place, recipients: [], commit: false, at: new Date() };
  const set = async (name: string, value = "x") => setSecret({ ...change, name, value });

  await expect(set("app.token")).rejects.toMatchObject({ code: "K9090" });
  await repository.write({ [`${environment}/nodes/one.yaml`]: `name: one\nkeys: { age: ${recipient} }\n` });
  await expect(set("app.tokn")).rejects.toMatchObject({ code: "K9088", hint: "did you mean `app.token`?" });
  await expect(set("wiki.a.b")).rejects.toMatchObject({ code: "K9088" });
  await expect(rotateSecrets(change)).rejects.toMatchObject({ code: "K9088" });
  expect(await set("app.token")).toMatchObject({
    recipients: [recipient],
    withoutKey: ["two"],
    commit: null,
  });
  const committed = await setSecret({
    ...change,
    commit: true,
    name: "wiki.password",
    value: "hunter2",
  }).catch((error: unknown) => error);
  // The first value is in no commit yet, and would get into this one.
  expect(committed).toMatchObject({ code: "K2011" });
  await set("wiki.password", "hunter2");
  expect(await openSecret({ ...place, name: "wiki.password" })).toBe("hunter2");
  const { file } = await readSealedState(repository.path, "lab");
  expect(file?.text).not.toContain("hunter2");
  await expect(openSecret({ ...place, name: "wiki.other" })).rejects.toMatchObject({ code: "K9088" });
  const stranger = join(folder.path, "no.key");
  await expect(openSecret({ ...place, identityFile: stranger, name: "app.token" })).rejects.toMatchObject({
    code: "K9089",
  });
});
