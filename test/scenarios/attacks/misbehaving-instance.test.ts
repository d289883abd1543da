import { rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { waitFor } from "../../support/index.ts";
import { expectReady } from "../faults/outcome.ts";
import { conditionOf } from "../node-status.ts";
import { withPlatform } from "../platform.ts";
import type { Platform, Round } from "../platform.ts";
import { wantInstances } from "../repository-text.ts";

interface Attack {
  what: string;
  onChange: "restart" | "signal:HUP";
  /** Done by the container before it serves; `endless` goes on beside it. */
  script: string;
  isEndless?: boolean;
  /** It writes a listed file until it is stopped: what may be written is its own. */
  hasLastWord?: boolean;
  /** What the round may say of the instance that misbehaves; nothing when it is put right. */
  codes: string[];
}

const attacks: Attack[] = [
  {
    what: "writes 300 sparse files of 67 MB",
    onChange: "restart",
    script:
      "for i in $(seq 300); do dd if=/dev/null of=sparse$i bs=1 seek=67000000 count=0 2>/dev/null; done",
    codes: [],
  },
  {
    what: "makes its own files larger than any disk",
    onChange: "signal:HUP",
    script:
      "for f in ..data/*.conf; do dd if=/dev/null of=$f bs=1 seek=67000000000 count=0 2>/dev/null; done",
    codes: [],
  },
  {
    what: "writes very many files",
    onChange: "restart",
    script: "i=0; while [ $i -lt 12000 ]; do : > file$i; i=$((i+1)); done",
    codes: ["K4009"],
  },
  {
    what: "nests 400 folders",
    onChange: "restart",
    script: "i=0; while [ $i -lt 400 ]; do mkdir d; cd d; i=$((i+1)); done; : > end; cd /conf",
    codes: [],
  },
  {
    what: "nests folders behind the link to all files",
    onChange: "signal:HUP",
    script: "cd ..data; i=0; while [ $i -lt 400 ]; do mkdir d; cd d; i=$((i+1)); done; : > end; cd /conf",
    codes: [],
  },
  {
    what: "writes names that are no text",
    onChange: "signal:HUP",
    script:
      "for at in . ..data; do touch \"$at/$(printf '\\377\\376')\"; mkdir \"$at/$(printf '\\200')\"; touch \"$at/$(printf '\\200')/x\"; done",
    codes: [],
  },
  {
    what: "puts a pipe, a device and a folder where its files are",
    onChange: "restart",
    script: "rm a.conf b.conf; mkfifo a.conf; mkdir -p b.conf/deep; mknod sub c 1 5 || mkfifo sub",
    codes: [],
  },
  {
    what: "swaps its file for a link and back all the time",
    onChange: "restart",
    script: "while :; do rm -f a.conf; ln -s /etc/passwd a.conf; rm -f a.conf; echo theirs > a.conf; done",
    isEndless: true,
    hasLastWord: true,
    codes: ["K4006", "K4023"],
  },
  {
    what: "swaps a folder for a link and a file all the time",
    onChange: "restart",
    script: "while :; do rm -rf sub; ln -s / sub; rm -f sub; : > sub; rm -f sub; mkdir sub; done",
    isEndless: true,
    codes: ["K4006", "K4023"],
  },
  {
    what: "swaps the link to all files all the time",
    onChange: "signal:HUP",
    script:
      "mkdir ..mine; while :; do rm -rf ..data; ln -s ..mine ..data; rm -f ..data; ln -s / ..data; done",
    isEndless: true,
    codes: ["K4006", "K4023"],
  },
  {
    what: "fills its folder again and again",
    onChange: "restart",
    script: "i=0; while :; do : > more$i; mkdir -p more-$i/a/b/c; i=$((i+1)); done",
    isEndless: true,
    codes: ["K4009"],
  },
];

const calm = `
services:
  app: { image: "IMAGES/app:1", restart: unless-stopped, volumes: ["./conf:/conf"] }
`;

function releaseOf({ onChange, script, isEndless = false }: Attack): string {
  const attack = isEndless ? `(${script}) & touch /attacked` : `${script}; touch /attacked`;
  const command = ["sh", "-c", `cd /conf; ${attack}; exec httpd -f -p 8080 -h /www`];
  const text = JSON.stringify(command.map((word) => word.replaceAll("$", "$$$$")));
  return `
-- packages/web/package.yaml --
files:
  - { template: a.conf, to: conf/a.conf, onChange: "${onChange}", writable: true }
  - { template: a.conf, to: conf/b.conf, onChange: "${onChange}", writable: true }
  - { template: a.conf, to: conf/sub/c.conf, onChange: "${onChange}", writable: true }
-- packages/web/a.conf --
one
-- packages/web/compose.yaml --
services:
  app: { image: "IMAGES/app:1", init: true, restart: unless-stopped, volumes: ["./conf:/conf"], command: ${text} }
-- packages/mail/package.yaml --
files:
  - { template: a.conf, to: conf/a.conf, onChange: restart }
-- packages/mail/a.conf --
one
-- packages/mail/compose.yaml --
services:
  app: { image: "IMAGES/app:1", restart: unless-stopped, volumes: ["./conf:/conf:ro"] }
`;
}

describe("an instance that misbehaves", () => {
  it.each(attacks)("must cost its sibling nothing, and be upgraded: it $what", async (attack) => {
    await withPlatform({ release: releaseOf(attack) }, async (platform) => {
      await platform.reconcile();
      await attacked(platform);

      await platform.stop("mail/app");
      const healed = await platform.reconcile();
      expect((await platform.container("mail/app")).state).toBe("running");
      expectOnlyOwn(healed, attack);

      // What the engine says of its containers counts as ever.
      await platform.stop("web/app");
      expectOnlyOwn(await platform.reconcile(), attack);
      expect((await platform.container("web/app")).state).toBe("running");

      await attacked(platform);
      await platform.upgrade({ "packages/web/compose.yaml": calm, "packages/web/a.conf": "two\n" });
      await untilReady(platform, attack);
      const paths = ["/conf/a.conf", "/conf/b.conf", "/conf/sub/c.conf"].slice(attack.hasLastWord ? 1 : 0);
      expect(await platform.exec("web/app", "cat", ...paths)).toBe("two\n".repeat(paths.length));
      expect(await platform.exec("mail/app", "cat", "/conf/a.conf")).toBe("one\n");
    });
  });

  const lasting = attacks.filter(({ isEndless = false, codes }) => isEndless || codes.length > 0);
  it.each(lasting)("must be removed while it is at it: it $what", async (attack) => {
    await withPlatform({ release: releaseOf(attack) }, async (platform) => {
      await platform.reconcile();
      await attacked(platform);
      await platform.push(wantInstances(platform, { mail: { package: "app/mail" } }));
      expectReady(await platform.reconcile());
      expect((await platform.containers()).map(({ service, project }) => [project, service])).toEqual([
        [platform.project("mail"), "app"],
      ]);
    });
  });
});

describe("an instance whose files cannot be seen", () => {
  const harmless: Attack = { what: "", onChange: "restart", script: ":", codes: [] };
  const places: [
    string,
    string,
    (instance: string) => Promise<unknown>,
    (instance: string) => Promise<unknown>,
  ][] = [
    [
      "damaged notes",
      "K4007",
      async (instance) => writeFile(join(instance, "applied.json"), "{"),
      async (instance) => rm(join(instance, "applied.json")),
    ],
    [
      "a link in the place of its files",
      "K4006",
      async (instance) => {
        await rename(join(instance, "writable"), join(instance, "elsewhere"));
        await symlink("elsewhere", join(instance, "writable"));
      },
      async (instance) => {
        await rm(join(instance, "writable"));
        await rename(join(instance, "elsewhere"), join(instance, "writable"));
      },
    ],
  ];

  it.each(places)(
    "must be healed as far as the engine knows, and cost its sibling nothing: %s",
    async (_what, code, damage, mend) => {
      await withPlatform({ release: releaseOf(harmless) }, async (platform) => {
        expectReady(await platform.reconcile());
        const instance = join(platform.stateDir, "instances/web");
        await damage(instance);
        const stopped = [await platform.container("web/app"), await platform.container("mail/app")];
        for (const { id } of stopped) await platform.docker.getContainer(id).stop({ t: 0 });
        const round = await platform.reconcile();
        expectOnlyOwn(round, { ...harmless, codes: [code] });
        expect(round.status.errors.map((error) => error.code)).toEqual([code]);
        expect((await platform.containers()).map(({ id, state }) => [id, state])).toEqual(
          stopped.map(({ id }) => [id, "running"]).toReversed(),
        );
        await mend(instance);
        expectReady(await platform.reconcile());
      });
    },
  );
});

async function attacked(platform: Platform): Promise<void> {
  const isDone = async () => platform.exec("web/app", "test", "-f", "/attacked").then(() => true);
  await waitFor(isDone, { what: "the attack" });
}

/** What is wrong is told of the instance that misbehaves, with a code of its own, and the sibling is as it should be. */
function expectOnlyOwn(round: Round, { codes }: Attack): void {
  expect(round.output).not.toContain("K9001");
  const told = round.status.errors.map(({ code, resource }) => ({ code, resource }));
  expect(told.filter(({ code, resource }) => !codes.includes(code) || !resource.includes("-web/"))).toEqual(
    [],
  );
  const sibling = round.status.instances.find(({ name }) => name === "mail");
  expect(sibling).toMatchObject({ sync: "in-sync", health: "healthy" });
  expect(told.length > 0 && conditionOf(round.status, "Ready") === "true").toBe(false);
}

/** What is more than is looked at is left, also by a new version that writes no more; the hint says what to do. */
async function untilReady(platform: Platform, { codes }: Attack): Promise<void> {
  const round = await platform.reconcile();
  if (round.status.errors.some(({ code }) => code === "K4009") && codes.includes("K4009")) {
    await platform.exec("web/app", "sh", "-c", "find /conf -maxdepth 1 -name 'more*' -exec rm -rf {} +");
  }
  expectReady(await platform.reconcile());
}
