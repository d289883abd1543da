import type { SourceFile } from "@keelson/model";
import { expect, it } from "vitest";

import { findProjects } from "./found-project.ts";
import { findPlainSecrets } from "./plain-secret.ts";
import { findProjectReach } from "./project-files.ts";
import { filesOf } from "./test-files.ts";

const texts = {
  "apps/a/compose.yaml": `x-database: &database
  POSTGRES_PASSWORD: hidden
services:
  app:
    env_file: [db.env, { path: ../../shared/mail.env, required: false }]
    environment:
      <<: *database
      API_KEY: hidden
      DB_PASSWORD: \${DB_PASSWORD}
      OTHER_TOKEN: \${OTHER:-hidden}
      ASKED_TOKEN: \${ASKED:?no value}
      PASSWORD_FILE: /run/secrets/password
      KEYBOARD: de
      SESSION_SECRET:
  list:
    extends: { file: ../../shared/base.yaml, service: quiet }
    environment: ["SMTP_PASS=hidden", ROOT_PASSWORD, "LEVEL=1"]
`,
  "apps/a/.env": "DB_PASSWORD='hidden'\nTOKEN=\nPASSIVE=1\nMONKEY=2\nSEALED_KEY=ENC[AES256_GCM,data:x]\n",
  "apps/a/db.env": "# of the database\nMYSQL_ROOT_PASSWORD=hid$den\nCOPY_OF_TOKEN=${DB_PASSWORD}\n",
  "apps/a/unread.env": "UNREAD_PASSWORD=hidden\n",
  "shared/mail.env": 'MAIL_CREDENTIALS="hidden"\n',
  "shared/base.yaml":
    "services:\n  quiet:\n    env_file: base.env\n    environment: { BASE_SECRET: hidden }\n",
  "shared/base.env": "BASE_TOKEN=hidden\n",
};

it("what looks like a secret must be named wherever a project reads it, without its value", () => {
  const files = filesOf(texts);
  const [project] = findProjects(files, ["apps/a/compose.yaml", "apps/a/.env"]);
  if (project === undefined) throw new Error("no project");
  const secrets = findPlainSecrets(project, files);
  expect(secrets.map(({ folder, file, line, name }) => `${folder} ${file}:${line} ${name}`)).toEqual([
    "apps/a apps/a/.env:1 DB_PASSWORD",
    "apps/a apps/a/db.env:2 MYSQL_ROOT_PASSWORD",
    "apps/a shared/mail.env:1 MAIL_CREDENTIALS",
    "apps/a shared/base.env:1 BASE_TOKEN",
    "apps/a apps/a/compose.yaml:8 API_KEY",
    "apps/a apps/a/compose.yaml:10 OTHER_TOKEN",
    "apps/a apps/a/compose.yaml:2 POSTGRES_PASSWORD",
    "apps/a apps/a/compose.yaml:17 SMTP_PASS",
    "apps/a shared/base.yaml:4 BASE_SECRET",
  ]);
  expect(JSON.stringify(secrets)).not.toMatch(/hid/);
});

it("what a project reads must be read, as far as files that were read tell it, also through links", () => {
  const asked = ["apps/a/compose.yaml", "apps/a/.env"];
  const first = findProjectReach(filesOf({ "apps/a/compose.yaml": texts["apps/a/compose.yaml"] }), asked);
  expect(first).toEqual(
    expect.arrayContaining(["apps/a/.env", "apps/a/db.env", "shared/mail.env", "shared/base.yaml", "shared"]),
  );
  expect(first).not.toContain("shared/base.env");
  expect(first).not.toContain("shared/");
  const { "shared/base.env": _unread, ...read } = texts;
  expect(findProjectReach(filesOf(read), asked)).toContain("shared/base.env");
  const path = "apps/a/link";
  const link: SourceFile = { path, mode: "120000", bytes: new TextEncoder().encode("../../shared") };
  const named = filesOf({ "apps/a/compose.yaml": "services: { app: { env_file: link/x.env } }\n" });
  const linked = new Map([...named, [path, link]]);
  expect(findProjectReach(linked, ["apps/a/compose.yaml"])).toContain("shared/");
});
