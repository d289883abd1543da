import { cp, readFile, rm, writeFile } from "node:fs/promises";

import { beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";

import { Status } from "../../../libs/model/src/index.ts";
import { type Platform, type Round, usePlatform, withPlatform } from "../platform.ts";
import { startStaying } from "./staying-agent.ts";

const release = `
-- packages/web/compose.yaml --
services:
  web:
    image: IMAGES/web:1
    init: true
    stop_grace_period: 1s
`;

/** Asked of the server by plain Git: what others see. */
async function serverRefs(platform: Platform, repository = "platform"): Promise<string[]> {
  const lines = await platform.repository.git("ls-remote", platform.server.url(repository));
  return lines
    .split("\n")
    .map((line) => line.split("\t")[1] ?? "")
    .filter((ref) => ref.includes("keelson"));
}

/** How often the node has pushed its report, and the last of them. */
async function published(platform: Platform, repository = "platform") {
  const ref = `refs/notes/keelson/${platform.environment}/${platform.node}`;
  await platform.repository.git("fetch", "--quiet", platform.server.url(repository), `+${ref}:${ref}`);
  const count = Number(await platform.repository.git("rev-list", "--count", ref));
  const commit = (await platform.repository.git("log", "-1", "--format=%s", ref)).replace("status of ", "");
  const json = await platform.repository.git("notes", `--ref=${ref}`, "show", commit);
  return { count, commit, status: Status.parse(JSON.parse(json)) };
}

/** What an administrator changes in agent.yaml. */
async function configure({ config }: Platform, more: object): Promise<void> {
  await writeFile(config, stringify({ ...parse(await readFile(config, "utf8")), ...more }));
}

const conditionOf = ({ status }: Round, type: string) => status.conditions.find((each) => each.type === type);

describe("the status in Git", () => {
  const platform = usePlatform({ release });
  let first: string;

  beforeAll(async () => {
    first = await platform().repository.head();
    await platform().reconcile();
  });

  it("must be a note on the commit that was applied, which plain Git shows", async () => {
    const { count, commit, status } = await published(platform());
    expect({ count, commit }).toEqual({ count: 1, commit: first });
    expect(status).toMatchObject({ seq: 1, heartbeatSeconds: 3600, source: { applied: first } });
    const log = await platform().repository.git("log", "-1", "--notes=keelson/*", "--format=%N", first);
    expect(JSON.parse(log)).toEqual(status);
  });

  it("must not be written again while nothing changes", async () => {
    const pushes = () => platform().server.requests.filter(({ path }) => path.endsWith("git-receive-pack"));
    const before = pushes().length;
    for (let rounds = 0; rounds < 2; rounds++) expect((await platform().reconcile()).worked).toBe(false);
    expect(pushes()).toHaveLength(before);
    expect((await published(platform())).count).toBe(1);
  });

  it("must move to the next commit with the next number", async () => {
    const next = await platform().push({ note: "1" });
    await platform().reconcile();
    const { count, commit, status } = await published(platform());
    expect({ count, commit, seq: status.seq }).toEqual({ count: 2, commit: next, seq: 2 });
  });

  it("must say that an upgrade failed, and never that it was applied", async () => {
    const good = await platform().repository.head();
    const bad = await platform().upgrade({
      "packages/web/compose.yaml": (text) => text.replace(/image: .*/, "image: IMAGES/absent:1"),
    });
    await platform().reconcile();
    const { commit, status } = await published(platform());
    expect(commit).toBe(bad);
    expect(status.source).toMatchObject({ observed: bad, attempted: bad, applied: good });
    expect(status.conditions).toContainEqual(expect.objectContaining({ type: "Ready", status: "false" }));
    expect(status.retry).toMatchObject({ attempt: 1 });
    await platform().repository.git("revert", "--no-edit", "HEAD");
    await platform().repository.push();
    await platform().reconcile();
  });

  it("must go on counting on a node that has lost its state", async () => {
    const { seq } = (await published(platform())).status;
    await rm(platform().stateDir, { recursive: true });
    await platform().push({ note: "2" });
    await platform().reconcile();
    expect((await published(platform())).status.seq).toBe(seq + 1);
  });

  it("must not keep the node from being ready when the server takes no push, and say so on the node", async () => {
    await platform().push({ note: "3" });
    const before = await published(platform());
    platform().server.setBehaviour({ kind: "fail", status: 403, path: "git-receive-pack" });
    const round = await platform().reconcile();
    platform().server.setBehaviour({ kind: "normal" });
    expect(round.exitCode).toBe(0);
    expect(conditionOf(round, "Ready")?.status).toBe("true");
    expect(conditionOf(round, "Reported")).toMatchObject({ status: "false", reason: "K2013" });
    expect(round.output).toContain("K2013");
    expect(await published(platform())).toEqual(before);
    const later = await platform().reconcile();
    expect(conditionOf(later, "Reported")?.status).toBe("true");
    expect((await published(platform())).count).toBe(before.count + 1);
  });
});

describe("a round that was killed after it pushed its status, before it noted that", () => {
  it("must not have its number given to another", async () => {
    await withPlatform({ release }, async (platform) => {
      await platform.reconcile();
      const [report, before] = [`${platform.stateDir}/report`, `${platform.folder}/report-before`];
      await cp(report, before, { recursive: true });
      await platform.push({ note: "1" });
      expect((await platform.reconcile()).status.seq).toBe(2);
      await rm(report, { recursive: true });
      await cp(before, report, { recursive: true });
      await platform.push({ note: "2" });
      expect((await platform.reconcile()).status.seq).toBe(3);
      const { count, status } = await published(platform);
      expect({ count, seq: status.seq }).toEqual({ count: 3, seq: 3 });
    });
  });
});

describe("where the status goes", () => {
  it("must be a branch with a page for people, for hosts that refuse notes", async () => {
    await withPlatform({ release, agent: { report: { as: "branch" } } }, async (platform) => {
      await platform.reconcile();
      const { environment, node, repository } = platform;
      const branch = `keelson/status/${environment}/${node}`;
      expect(await serverRefs(platform)).toEqual([`refs/heads/${branch}`]);
      await repository.git("fetch", "--quiet", "origin", branch);
      expect(await repository.git("show", "FETCH_HEAD:status.md")).toContain(
        "| `web` | `app/web` | `1.0.0` |",
      );
      const status = Status.parse(JSON.parse(await repository.git("show", "FETCH_HEAD:status.json")));
      expect(status.source.applied).toBe(await repository.head());
    });
  });

  it("must be a repository of its own where one is named, and nowhere when it is not wanted", async () => {
    await withPlatform({ release }, async (platform) => {
      await platform.server.createRepository("reports");
      await configure(platform, { report: { url: platform.server.url("reports") } });
      await platform.reconcile();
      expect((await published(platform, "reports")).count).toBe(1);
      expect(await serverRefs(platform)).toEqual([]);

      await configure(platform, { report: { as: "none" } });
      const round = await platform.reconcile();
      expect(conditionOf(round, "Reported")).toMatchObject({ status: "unknown", reason: "Off" });
      expect(round.status.heartbeatSeconds).toBe(0);
      expect((await published(platform, "reports")).count).toBe(1);
    });
  });

  it("must say after each heartbeat that nothing changed, and once what happened while Git was away", async () => {
    const agent = { interval: "1s", report: { heartbeat: "3s" } };
    await withPlatform({ release, agent }, async (platform) => {
      await using staying = startStaying(platform.config);
      const count = async () => {
        const refs = await serverRefs(platform);
        return refs.length === 0 ? 0 : (await published(platform)).count;
      };
      await staying.until("three reports", async () => (await count()) >= 3);
      const { status } = await published(platform);
      expect(status).toMatchObject({ heartbeatSeconds: 3, seq: await count() });

      await platform.server.stop();
      await staying.until("Git to be missed", () => staying.log().includes("K2001"));
      for (let stops = 1; stops <= 3; stops++) {
        const before = await platform.container("web/web");
        await platform.docker.getContainer(before.id).stop({ t: 0 });
        await staying.until("the repair", async () => {
          const now = await platform.container("web/web");
          return now.state === "running" && now.startedAt !== before.startedAt;
        });
      }
      const { seq } = status;
      await platform.server.start();
      await staying.until("the report", async () => (await count()) > seq);
      const after = await published(platform);
      expect(after.status.seq).toBe(after.count);
      expect(after.status.operation?.finishedAt).not.toBe(status.operation?.finishedAt);
      expect(after.status.conditions).toContainEqual(
        expect.objectContaining({ type: "SourceReady", status: "true" }),
      );
    });
  });
});
