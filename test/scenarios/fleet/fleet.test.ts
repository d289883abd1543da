import { mkdir, writeFile } from "node:fs/promises";
import { parse } from "yaml";
import { describe, expect, it } from "vitest";

import { findFreePort, makeTempFolder, startEngine, uniqueName } from "../../support/index.ts";
import { type Fate, compareContainers } from "../fates.ts";
import { type Changes, type Platform, withPlatform } from "../platform.ts";
import { parseFiles } from "../repository-text.ts";
import { allow, environment, folders } from "./fleet.ts";

interface Commit {
  what: string;
  changes: Changes;
  fates: Record<string, Fate>;
}

const inFile = (path: string, from: string | RegExp, to: string): Changes => ({
  [path]: (text) => text.replace(from, to),
});

/** What people commit to such a repository, and all that becomes of its containers. */
const commitsOf = (name: string): Commit[] => [
  {
    what: "a new image",
    changes: inFile("apps/wiki/compose.yaml", /wiki:1/, "wiki:2"),
    fates: { "wiki/app": "recreated" },
  },
  { what: "a page beside the folders", changes: { "README.md": "ours\n" }, fates: {} },
  { what: "a page in a folder", changes: { "apps/wiki/README.md": "the wiki\n" }, fates: {} },
  {
    what: "a base that others extend",
    changes: inFile("common/base.yaml", "10m", "20m"),
    fates: { "bots/quiet": "recreated", "bots/bot": "recreated" },
  },
  {
    what: "an env file that several name",
    changes: inFile(".env.global", "Zurich", "Paris"),
    fates: { "bots/bot": "recreated", "photos/server": "recreated" },
  },
  {
    what: "a file that is only read",
    changes: inFile("apps/proxy/dynamic/tls.yml", "12", "13"),
    fates: { "proxy/traefik": "recreated" },
  },
  {
    what: "a file in a folder that the program writes",
    changes: inFile("apps/jellyfin/config/encoding.xml", "true", "false"),
    fates: { "jellyfin/jellyfin": "restarted" },
  },
  {
    what: "a single file that the program may write",
    changes: inFile("apps/mqtt/config/mosquitto.conf", "true", "false"),
    fates: { "mqtt/mosquitto": "restarted" },
  },
  {
    what: "the content of a config",
    changes: inFile("apps/auth/compose.yaml", "deny", "one_factor"),
    fates: { "auth/authelia": "recreated" },
  },
  {
    what: "one file of many",
    changes: inFile("apps/metrics/prometheus/rules/node.yml", "node", "nodes"),
    fates: { "metrics/prometheus": "recreated" },
  },
  {
    what: "a kept file beside others",
    changes: inFile("apps/metrics/grafana/grafana.ini", "3000", "3001"),
    fates: { "metrics/grafana": "restarted" },
  },
  {
    what: "an env file",
    changes: inFile("apps/mail/mailserver.env", "ENABLE_CLAMAV=0", "ENABLE_CLAMAV=1"),
    fates: { "mail/mailserver": "recreated" },
  },
  {
    what: "an image whose namespace another service shares",
    changes: inFile("apps/vpn/compose.yaml", "vpn:1", "vpn:2"),
    fates: { "vpn/gluetun": "recreated", "vpn/torrent": "recreated" },
  },
  {
    what: "another profile",
    changes: inFile("apps/tools/.env", "=extra", "=extra,debug"),
    fates: { "tools/debug": "created" },
  },
  {
    what: "the published image of a build",
    changes: inFile(`environments/${name}/environment.yaml`, "site:1", "site:2"),
    fates: { "site/web": "recreated" },
  },
  {
    what: "a variable of .env",
    changes: inFile("apps/wiki/.env", "only $ here", "another $ here"),
    fates: { "wiki/app": "recreated", "wiki/db": "recreated" },
  },
  {
    what: "a setting of an instance",
    changes: inFile(
      `environments/${name}/environment.yaml`,
      "instances:\n",
      "instances:\n  wiki: { package: ./apps/wiki, on: { node: box }, settings: { DB_USER: other } }\n",
    ),
    fates: { "wiki/app": "recreated", "wiki/db": "recreated" },
  },
  {
    what: "a comment",
    changes: inFile("apps/git/compose.yaml", /^/, "# our forge\n"),
    fates: {},
  },
  {
    what: "another way to write the same",
    changes: inFile(
      "apps/git/compose.yaml",
      "[USER_UID=1000, USER_GID=1000]",
      '{ USER_GID: 1000, USER_UID: "1000" }',
    ),
    fates: {},
  },
  { what: "a pull policy", changes: inFile("apps/game/compose.yaml", "daily", "always"), fates: {} },
  {
    what: "a file of a service that another takes its volumes from",
    changes: inFile("apps/cloud/config/opcache.ini", "1", "0"),
    fates: { "cloud/app": "recreated", "cloud/cron": "recreated" },
  },
  {
    what: "a new folder",
    changes: {
      "apps/fresh/compose.yaml": "services:\n  app: { image: IMAGES/fresh:1, restart: always, init: true }\n",
    },
    fates: { "fresh/app": "created" },
  },
  {
    what: "a folder that goes",
    changes: {
      "apps/old/docker-compose.yml": null,
      ...inFile(`environments/${name}/environment.yaml`, /.*apps\/old.*\n/, ""),
    },
    fates: { "old/app": "removed", "old/cache": "removed" },
  },
  {
    what: "a script that is only read",
    changes: inFile("apps/unifi/init-mongo.sh", "cat", "head"),
    fates: { "unifi/db": "recreated" },
  },
  {
    what: "a label",
    changes: inFile(
      "apps/dns/compose.yaml",
      "hostname: pihole",
      "hostname: pihole\n    labels: { team: net }",
    ),
    fates: { "dns/pihole": "recreated" },
  },
  { what: "a folder that Git should know", changes: { "apps/paperless/export/.gitkeep": "" }, fates: {} },
  {
    what: "a published port",
    changes: inFile("apps/git/compose.yaml", ":3000", ":3001"),
    fates: { "git/server": "recreated" },
  },
  {
    what: "a health check",
    changes: inFile("apps/archive/compose.yaml", "retries: 5", "retries: 6"),
    fates: { "archive/db": "recreated" },
  },
  {
    what: "a limit",
    changes: inFile("apps/bots/compose.yaml", "64M", "48M"),
    fates: { "bots/bot": "recreated" },
  },
  {
    what: "the image that was there before",
    changes: inFile("apps/wiki/compose.yaml", /wiki:2/, "wiki:1"),
    fates: { "wiki/app": "recreated" },
  },
];

/** A text with the names, folders and ports of this run. */
async function completeFor(name: string, host: string): Promise<(text: string) => string> {
  const ports = await Promise.all(Array.from({ length: 9 }, findFreePort));
  return (text) =>
    text
      .replaceAll("UNIQUE", name)
      .replaceAll("MACHINE", host)
      .replaceAll(/PORT(\d)\b/g, (_, index: string) => String(ports[Number(index) - 1]));
}

const running = async (platform: Platform) =>
  (await platform.containers()).filter(({ state }) => state === "running").length;

describe("a fleet of Compose folders as they are", () => {
  it(
    "must run with one environment.yaml, and change what each commit changes",
    { timeout: 1_800_000 },
    async () => {
      const name = uniqueName("f");
      await using host = await makeTempFolder("keelson-fleet-");
      await using engine = await startEngine();
      const complete = await completeFor(name, host.path);
      for (const folder of ["media", "root", "dbus", "backup"]) await mkdir(host.join(folder));
      await writeFile(host.join("media", "film"), "film");
      await engine.docker.createVolume({ Name: `${name}-old` });
      await engine.docker.createNetwork({ Name: `${name}-byhand` });
      const permitted: unknown = parse(complete(allow));
      await withPlatform(
        {
          name,
          engine,
          files: parseFiles(complete(folders + environment)),
          nodes: { box: {} },
          agent: { allow: permitted },
        },
        async (platform) => {
          const check = await platform.keelson(["check"]);
          expect(check.stderr + check.stdout).not.toContain("error[");
          expect(check.exitCode).toBe(0);

          const first = await platform.reconcile();
          expect([first.exitCode, first.status.errors]).toEqual([0, []]);
          expect(await running(platform)).toBeGreaterThan(30);
          // Nothing to do is nothing done.
          const before = await platform.containers();
          expect((await platform.reconcile()).exitCode).toBe(0);
          expect(compareContainers(before, await platform.containers())).toEqual({});

          for (const { what, changes, fates } of commitsOf(name)) {
            const earlier = await platform.containers();
            await platform.push(changes, what);
            const round = await platform.reconcile();
            const found = compareContainers(earlier, await platform.containers());
            expect({ what, exitCode: round.exitCode, errors: round.status.errors, fates: found }).toEqual({
              what,
              exitCode: 0,
              errors: [],
              fates,
            });
          }
        },
      );
    },
  );
});
