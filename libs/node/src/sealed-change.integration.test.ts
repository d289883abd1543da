import { join } from "node:path";

import { makeAgeKey, readRecipient } from "@keelson/secrets";
import { makeGitRepository, makeTempFolder } from "@keelson/test/support";
import { expect, test } from "vitest";

import { openSecret, rotateSecrets, sealFile, setSecret } from "./sealed-change.ts";
import { listSecrets } from "./sealed-list.ts";
import { type SecretsOwner, readSealedState } from "./sealed-state.ts";

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
  const place = { repository: repository.path, environment: "lab", owner: null, identityFile };
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
  const { files } = await readSealedState(repository.path, "lab");
  expect(files.map(({ text }) => text).join("")).not.toContain("hunter2");
  await expect(openSecret({ ...place, name: "wiki.other" })).rejects.toMatchObject({ code: "K9088" });
  const stranger = join(folder.path, "no.key");
  await expect(openSecret({ ...place, identityFile: stranger, name: "app.token" })).rejects.toMatchObject({
    code: "K9089",
  });
});

test("a folder and an instance have secrets of their own, and each file says from where a value comes", async () => {
  await using repository = await makeGitRepository();
  await using folder = await makeTempFolder();
  const identityFile = folder.join("age.key");
  await makeAgeKey(identityFile);
  const recipient = (await readRecipient(identityFile)) ?? "";
  const node = `keys: { age: ${recipient} }\n`;
  await repository.write({
    "environments/lab/environment.yaml":
      "name: lab\nreleases: { app: ^1.0.0 }\ninstances:\n  wiki: { package: ./apps/wiki }\n  wiki-b: { package: ./apps/wiki }\n  web: { package: app/web }\n  app: { package: ./apps/wiki }\n",
    "environments/lab/nodes/one.yaml": `name: one\n${node}`,
    "environments/cabin/environment.yaml": "name: cabin\ninstances: { wiki: { package: ./apps/wiki } }\n",
    "environments/cabin/nodes/two.yaml": "name: two\n",
    "releases/app/1.0.0/release.yaml": "name: app\nversion: 1.0.0\npackages: [web]\nsecrets: { token: {} }\n",
    "apps/wiki/compose.yaml": "services: { wiki: { image: wiki, env_file: db.env } }\n",
  });
  const place = { repository: repository.path, environment: "lab", identityFile };
  const change = { ...place, recipients: [], commit: false, at: new Date() };
  const set = async (owner: SecretsOwner, name: string, value = "x") =>
    setSecret({ ...change, owner, name, value });

  expect(await set({ folder: "apps/wiki" }, "DB_PASSWORD", "of-the-folder")).toMatchObject({
    file: "apps/wiki/secrets.sops.yaml",
    recipients: [recipient],
    // Its other environment needs it, too.
    withoutKey: ["cabin/two"],
  });
  await set({ instance: "wiki" }, "DB_PASSWORD", "of-the-instance");
  await set({ instance: "web" }, "token", "of-web");
  await set(null, "app.token", "of-all");
  for (const [owner, name] of [
    [{ instance: "web" }, "tokn"],
    [{ instance: "wikki" }, "a"],
    // A release has its name, whose secrets these would be.
    [{ instance: "app" }, "a"],
    [{ folder: "apps/none" }, "a"],
    [{ folder: "apps/wiki" }, "a.b"],
  ] as const)
    await expect(set(owner, name)).rejects.toMatchObject({ code: "K9088" });

  const open = async (name: string, owner: SecretsOwner = null) => openSecret({ ...place, owner, name });
  expect(await open("wiki.DB_PASSWORD")).toBe("of-the-instance");
  expect(await open("wiki-b.DB_PASSWORD")).toBe("of-the-folder");
  expect(await open("DB_PASSWORD", { folder: "apps/wiki" })).toBe("of-the-folder");

  const sealed = await sealFile({
    ...change,
    owner: { folder: "apps/wiki" },
    path: "db.env",
    text: "DB=hunter2\nPORT=1\n",
    only: ["DB"],
  });
  await repository.write({ "apps/wiki/db.env": sealed.text });
  expect(await open("apps/wiki/db.env:DB")).toBe("hunter2");
  const { secrets, files } = await listSecrets({ ...place, owner: null });
  expect(secrets.map(({ name, file, over }) => [name, file, over])).toEqual([
    ["app.token", "environments/lab/secrets.sops.yaml", []],
    ["apps/wiki/db.env:DB", "apps/wiki/db.env", []],
    ["web.token", "environments/lab/secrets/web.sops.yaml", []],
    ["wiki-b.DB_PASSWORD", "apps/wiki/secrets.sops.yaml", []],
    ["wiki.DB_PASSWORD", "environments/lab/secrets/wiki.sops.yaml", ["apps/wiki/secrets.sops.yaml"]],
  ]);
  expect(files.find(({ file }) => file === "apps/wiki/db.env")).toEqual({
    file: "apps/wiki/db.env",
    nodes: [
      { node: "one", key: recipient, canOpen: true },
      { node: "cabin/two", key: null, canOpen: false },
    ],
    others: [],
  });

  const other = folder.join("two.key");
  await makeAgeKey(other);
  const two = (await readRecipient(other)) ?? "";
  await repository.write({ "environments/cabin/nodes/two.yaml": `name: two\nkeys: { age: ${two} }\n` });
  const rotated = await rotateSecrets({ ...change, owner: null });
  expect(rotated.map(({ file, recipients }) => [file, recipients.length])).toEqual([
    ["apps/wiki/secrets.sops.yaml", 2],
    ["apps/wiki/db.env", 2],
    ["environments/lab/secrets.sops.yaml", 1],
    ["environments/lab/secrets/web.sops.yaml", 1],
    ["environments/lab/secrets/wiki.sops.yaml", 1],
  ]);
  const elsewhere = { ...place, identityFile: other, environment: "cabin", owner: null };
  expect(await openSecret({ ...elsewhere, name: "wiki.DB_PASSWORD" })).toBe("of-the-folder");
  expect(await open("apps/wiki/db.env:DB")).toBe("hunter2");
});
