import { readFileSync } from "node:fs";

import { decodeText, secretPlaceholder } from "@keelson/model";
import { describe, expect, test } from "vitest";

import { readRepository } from "./repository.ts";
import { filesOf, lines } from "./test-files.ts";

/** Made by sops 3.13.3: sops encrypt --age … --encrypted-regex '^(export )?(DB_PASSWORD|…)$' */
const sealed = readFileSync(new URL("../../../test/fixtures/sops/compose.env.sops", import.meta.url), "utf8");

const compose = "services: { wiki: { image: 'wiki:${PORT}', env_file: [./db.env.sops] } }\n";
const home = {
  "environments/home/environment.yaml": "name: home\ninstances:\n  wiki: { package: ./apps/wiki }\n",
  "environments/home/nodes/nas.yaml": "name: nas\n",
};

function read(texts: Record<string, string>) {
  const { repository, problems } = readRepository(
    filesOf({ ...home, "apps/wiki/compose.yaml": compose, ...texts }),
  );
  const wiki = repository.local.get("./apps/wiki");
  return {
    wiki,
    problems: lines(problems),
    textOf: (path: string) => decodeText(wiki?.sealedVariables.get(path)?.bytes ?? new Uint8Array()),
  };
}

describe("an encrypted .env", () => {
  test("declares its variables, with placeholders in the place of what is encrypted, each on its line", () => {
    const { wiki, problems } = read({ "apps/wiki/.env": sealed });
    expect(problems).toEqual([]);
    expect([...(wiki?.variables ?? [])]).toEqual(expect.arrayContaining(["PORT", "DB_PASSWORD", "EXPORTED"]));
    const text = decodeText(wiki?.dotenv?.bytes ?? new Uint8Array());
    expect(text.split("\n").slice(0, 5)).toEqual([
      "",
      "PORT=8080",
      "DB_USER=wiki",
      `DB_PASSWORD='${secretPlaceholder("apps/wiki/.env:DB_PASSWORD")}'`,
      `URL='${secretPlaceholder("apps/wiki/.env:URL")}'`,
    ]);
    expect(text).toContain(`export EXPORTED='${secretPlaceholder("apps/wiki/.env:EXPORTED")}'`);
    expect(text).not.toMatch(/sops_|ENC\[/);
    expect(wiki?.sealed).toMatchObject([{ path: "apps/wiki/.env", format: "dotenv" }]);
    // A placeholder that somebody spells out in clear is none of its secrets.
    const forged = read({ "apps/wiki/.env": sealed.replace("8080", secretPlaceholder("other.admin")) });
    expect(forged.wiki?.sealedVariables.get("apps/wiki/.env")?.secrets).toEqual(
      wiki?.sealedVariables.get("apps/wiki/.env")?.secrets,
    );
    // Its version is that of what is committed.
    expect(read({ "apps/wiki/.env": sealed.replace("8080", "9090") }).wiki?.version).not.toBe(wiki?.version);
  });

  test.each(["COMPOSE_FILE", "COMPOSE_PROFILES", "COMPOSE_PATH_SEPARATOR"])(
    "K1330 when %s is encrypted",
    (name) => {
      const { problems } = read({ "apps/wiki/.env": sealed.replace("DB_PASSWORD=", `${name}=`) });
      expect(problems).toEqual([expect.stringContaining("K1330 apps/wiki/.env:4")]);
    },
  );

  test.each([
    ["without its checksum", sealed.replace(/^sops_mac=.*\n/m, "")],
    ["without all that SOPS keeps beside the values", sealed.replace(/^sops_.*\n/gm, "")],
    ["with keys of another kind alone", sealed.replace(/^sops_age.*\n/gm, "sops_pgp__list_0__map_fp=AB\n")],
    [
      "in SOPS' binary format",
      '{\n\t"data": "ENC[AES256_GCM,data:x,iv:x,tag:x,type:str]",\n\t"sops": {}\n}\n',
    ],
  ])("K1344 %s", (_what, text) => {
    const { problems, wiki } = read({ "apps/wiki/.env": text });
    expect(problems).toEqual([expect.stringContaining("K1344 apps/wiki/.env")]);
    expect(wiki?.sealed).toEqual([]);
  });
});

describe("an encrypted env_file", () => {
  test("is read whatever its name is, and wherever it lies in the repository", () => {
    const outside = {
      "apps/wiki/compose.yaml": compose.replace("./db.env.sops", "../../common/db.sops.env"),
      "common/db.sops.env": sealed,
    };
    expect(read({ "apps/wiki/db.env.sops": sealed }).textOf("apps/wiki/db.env.sops")).toContain("PORT=8080");
    expect(read(outside).textOf("common/db.sops.env")).toContain(
      secretPlaceholder("common/db.sops.env:DB_PASSWORD"),
    );
  });

  test("that nothing names need be opened by nobody", () => {
    const { wiki, problems } = read({
      "apps/wiki/other.env.sops": sealed,
      "apps/wiki/x.sops": "sops_mac=\n",
    });
    expect(problems).toEqual([]);
    expect(wiki?.sealed).toEqual([]);
  });

  test("is that of an include, too", () => {
    const files = {
      "apps/wiki/compose.yaml": "include: [db/compose.yaml]\nservices: { wiki: { image: wiki } }\n",
      "apps/wiki/db/compose.yaml": "services: { db: { image: db } }\n",
      "apps/wiki/db/.env": sealed,
    };
    expect([...(read(files).wiki?.sealedVariables.keys() ?? [])]).toEqual(["apps/wiki/db/.env"]);
  });
});

describe("the secrets of a folder and of an instance", () => {
  const enc = "ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]";
  const sops = `sops: { age: [{ recipient: age1own, enc: x }], lastmodified: "2026", mac: "${enc}" }\n`;
  const own = "environments/home/secrets/wiki.sops.yaml";

  test("are names alone", () => {
    const text = `DB_PASSWORD: "${enc}"\n${sops}`;
    const { wiki, problems } = read({ "apps/wiki/secrets.sops.yaml": text, [own]: text });
    expect(problems).toEqual([]);
    expect(wiki?.sealed).toMatchObject([{ path: "apps/wiki/secrets.sops.yaml", format: "yaml" }]);
  });

  test.each([
    [`wiki: { token: "${enc}" }\n${sops}`, "wiki.token is not in the form <secret>: value"],
    [`token: x\n${sops}`, "token is not encrypted"],
    [`"a-b": "${enc}"\n${sops}`, "a-b is not in the form"],
  ])("K1344 for %.30j", (text, message) => {
    for (const path of ["apps/wiki/secrets.sops.yaml", own])
      expect(read({ [path]: text }).problems).toEqual([expect.stringContaining(message)]);
  });

  test("K1115 for an instance that is not there, K1010 for one with the name of a release", () => {
    const text = `token: "${enc}"\n${sops}`;
    expect(read({ "environments/home/secrets/wikki.sops.yaml": text }).problems).toEqual([
      expect.stringContaining("K1115"),
    ]);
    expect(read({ "environments/home/secrets/wiki.yaml": text }).problems).toEqual([
      expect.stringContaining("K1010"),
    ]);
    const released = {
      "environments/home/environment.yaml":
        "name: home\nreleases: { wiki: ^1.0.0 }\ninstances:\n  wiki: { package: ./apps/wiki }\n",
      [own]: text,
    };
    expect(read(released).problems).toContainEqual(expect.stringContaining(`K1010 ${own}`));
  });
});
