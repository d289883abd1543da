import { beforeAll, describe, expect, it } from "vitest";
import { usePlatform } from "../platform.ts";
import type { Changes, Container } from "../platform.ts";
import { expectFault, expectReady, expectUntouched, whilePushed } from "./outcome.ts";

const release = `
-- settings.schema.json --
{
  "type": "object",
  "properties": { "title": { "type": "string", "default": "the page" } }
}
-- packages/web/package.yaml --
variables: { TITLE: "{{ settings.title }}" }
files:
  - { template: config/index.html.liquid, to: web/index.html, onChange: restart }
-- packages/web/config/index.html.liquid --
<h1>{{ settings.title }}</h1>
-- packages/web/compose.yaml --
services:
  web:
    image: IMAGES/web:1
    environment: { TITLE: "\${TITLE}" }
    volumes: [./web/index.html:/www/index.html:ro, data:/data]
volumes:
  data:
`;

const folder = "releases/app/1.0.0";
const files = {
  compose: `${folder}/packages/web/compose.yaml`,
  package: `${folder}/packages/web/package.yaml`,
  template: `${folder}/packages/web/config/index.html.liquid`,
};

interface Case {
  readonly what: string;
  readonly code: string;
  /** Of the document that is wrong: `file:line:column`. */
  readonly at: (paths: Paths) => string;
  readonly changes: (paths: Paths) => Changes;
  readonly says: string;
}
type Paths = ReturnType<ReturnType<typeof usePlatform>>["paths"];

/** A service's key, in the line after its image. */
const inService = (line: string) => ({
  [files.compose]: (text: string) => text.replace(/^( {4}image: .*)$/m, `$1\n    ${line}`),
});

const cases: Case[] = [
  {
    what: "malformed YAML",
    code: "K1001",
    at: (paths) => `${paths.environment}:2:10`,
    changes: (paths) => ({
      [paths.environment]: (text) => text.replace(/^(name: .*)\n/, "$1\nextends: a: b\n"),
    }),
    says: "",
  },
  {
    what: "an unknown key",
    code: "K1002",
    at: () => `${files.package}:3:1`,
    changes: () => ({ [files.package]: (text) => text.replace("variables:", "variable:") }),
    says: "unknown key `variable`",
  },
  {
    what: "a wrong type",
    code: "K1003",
    at: (paths) => `${paths.environment}:4:12`,
    changes: (paths) => ({
      [paths.environment]: (text) => text.replace(/^instances:\n( .*\n)+/m, "instances: 3\n"),
    }),
    says: "expected a map",
  },
  {
    what: "a file that is missing",
    code: "K1004",
    at: () => `${files.package}:5:17`,
    changes: () => ({ [files.template]: null }),
    says: "config/index.html.liquid",
  },
  {
    what: "a template variable that is not defined",
    code: "K1302",
    at: () => `${files.template}:1:8`,
    changes: () => ({ [files.template]: (text) => text.replace("settings.title", "settings.titel") }),
    says: "undefined variable",
  },
  {
    what: "a setting of a wrong type",
    code: "K1202",
    at: (paths) => `${paths.environment}:9:27`,
    changes: (paths) => ({ [paths.environment]: (text) => `${text}settings: { app: { title: 3 } }\n` }),
    says: "expected",
  },
  {
    what: "a key that is there twice",
    code: "K1005",
    at: () => `${files.package}:3:1`,
    changes: () => ({
      [files.package]: (text) => text.replace("version: 1.0.0\n", "version: 1.0.0\nversion: 1.0.1\n"),
    }),
    says: "version",
  },
  {
    what: "a package that is listed twice",
    code: "K1005",
    at: () => `${folder}/release.yaml:3:17`,
    changes: () => ({ [`${folder}/release.yaml`]: (text) => text.replace("[web]", "[web, web]") }),
    says: "listed twice",
  },
  {
    what: "a release folder that the lock names and that is not there",
    code: "K1102",
    at: (paths) => `${paths.lock}:3:14`,
    changes: (paths) => ({ [paths.lock]: (text) => text.replace("version: 1.0.0", "version: 1.0.1") }),
    says: "releases/app/1.0.1",
  },
  {
    what: "a Compose file that Compose rejects",
    code: "K1420",
    at: () => `${files.compose}:4:5`,
    changes: () => inService("ports: [{ target: eighty }]"),
    says: "eighty",
  },
  {
    what: "a privileged service",
    code: "K1401",
    at: () => `${files.compose}:4:5`,
    changes: () => inService("privileged: true"),
    says: "privileged",
  },
  {
    what: "a bind of the engine's socket",
    code: "K1404",
    at: () => `${files.compose}:5:15`,
    changes: () => ({
      [files.compose]: (text) => text.replace("[./web", "[/var/run/docker.sock:/run/docker.sock, ./web"),
    }),
    says: "the engine's socket",
  },
  {
    what: "an include from elsewhere",
    code: "K1407",
    at: () => `${files.compose}:1:11`,
    changes: () => ({ [files.compose]: (text) => `include: ["oci://127.0.0.1:1/app:1"]\n${text}` }),
    says: "oci://127.0.0.1:1/app:1",
  },
];

describe("a commit with a mistake", () => {
  const platform = usePlatform({ release });
  let before: Container[];
  let good: string;

  beforeAll(async () => {
    expectReady(await platform().reconcile());
    await platform().exec("web/web", "sh", "-c", "echo kept > /data/id");
    before = await platform().containers();
    good = await platform().repository.head();
  });

  it.each(cases)("must be refused with its place: $what ($code)", async ({ code, at, changes, says }) => {
    const { paths } = platform();
    const look = async () => {
      const round = await platform().reconcile();
      await expectUntouched(platform(), before);
      expect(await platform().pageOf("web/web")).toContain("the page");
      expectFault(round, { code, resource: at(paths), says });
      expect(round.output).toContain(`error[${code}] ${at(paths)} `);
      const observed = await platform().repository.head();
      expect(round.status.source).toMatchObject({ observed, attempted: good, applied: good });
    };
    await whilePushed(platform(), { changes: changes(paths), look });

    const later = await platform().reconcile();
    await expectUntouched(platform(), before);
    expect(await platform().exec("web/web", "cat", "/data/id")).toBe("kept\n");
    expectReady(later);
    good = await platform().repository.head();
    expect(later.status.source.applied).toBe(good);
  });
});
