import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { beforeAll, describe, expect, it } from "vitest";

import { Status } from "../../../libs/model/src/index.ts";
import { conditionOf, reasonOf } from "../node-status.ts";
import { type Platform, usePlatform, withNode, withPlatform } from "../platform.ts";
import { oneService, useImage } from "../releases.ts";

/** Asked of the server by plain Git: what others see. */
async function serverRefs(platform: Platform, repository = "platform"): Promise<string[]> {
  const lines = await platform.repository.git("ls-remote", platform.server.url(repository));
  return lines
    .split("\n")
    .map((line) => line.split("\t")[1] ?? "")
    .filter((ref) => ref.includes("keelson"));
}

describe("the status in Git", () => {
  const platform = usePlatform({ release: oneService });
  let first: string;

  beforeAll(async () => {
    first = await platform().repository.head();
    await platform().reconcile();
  });

  it("must be a note on the commit that was applied, which plain Git shows", async () => {
    const { count, commit, status } = await platform().report();
    expect({ count, commit }).toEqual({ count: 1, commit: first });
    expect(status).toMatchObject({ seq: 1, heartbeatSeconds: 3600, source: { applied: first } });
    const log = await platform().repository.git("log", "-1", "--notes=keelson/*", "--format=%N", first);
    const [heading, ...json] = log.split("\n");
    const { environment, node } = platform();
    expect(heading).toBe(`# ${environment}/${node}: ready, 1 instance is as desired`);
    expect(JSON.parse(json.join("\n"))).toEqual(status);
  });

  it("must not be written again while nothing changes", async () => {
    const pushes = () => platform().server.requests.filter(({ path }) => path.endsWith("git-receive-pack"));
    const before = pushes().length;
    for (let rounds = 0; rounds < 2; rounds++) expect((await platform().reconcile()).worked).toBe(false);
    expect(pushes()).toHaveLength(before);
    expect((await platform().report()).count).toBe(1);
  });

  it("must move to the next commit with the next number", async () => {
    const next = await platform().push({ note: "1" });
    await platform().reconcile();
    const { count, commit, status } = await platform().report();
    expect({ count, commit, seq: status.seq }).toEqual({ count: 2, commit: next, seq: 2 });
  });

  it("must say that an upgrade failed, and never that it was applied", async () => {
    const good = await platform().repository.head();
    const bad = await platform().upgrade(useImage("absent:1"));
    await platform().reconcile();
    const { commit, status } = await platform().report();
    expect(commit).toBe(bad);
    expect(status.source).toMatchObject({ observed: bad, attempted: bad, applied: good });
    expect(conditionOf(status, "Ready")).toBe("false");
    expect(status.retry).toMatchObject({ attempt: 1 });
    await platform().repository.git("revert", "--no-edit", "HEAD");
    await platform().repository.push();
    await platform().reconcile();
  });

  it("must go on counting on a node that has lost its state", async () => {
    const { seq } = (await platform().report()).status;
    await rm(platform().stateDir, { recursive: true });
    await platform().push({ note: "2" });
    await platform().reconcile();
    expect((await platform().report()).status.seq).toBe(seq + 1);
  });

  it("must not keep the node from being ready when the server takes no push, and say so on the node", async () => {
    await platform().push({ note: "3" });
    const before = await platform().report();
    platform().server.setBehaviour({ kind: "fail", status: 403, path: "git-receive-pack" });
    const round = await platform().reconcile();
    platform().server.setBehaviour({ kind: "normal" });
    expect(round.exitCode).toBe(0);
    expect(conditionOf(round.status, "Ready")).toBe("true");
    expect(conditionOf(round.status, "Reported")).toBe("false");
    expect(reasonOf(round.status, "Reported")).toBe("K2013");
    expect(round.output).toContain("K2013");
    expect(await platform().report()).toEqual(before);
    const later = await platform().reconcile();
    expect(conditionOf(later.status, "Reported")).toBe("true");
    expect((await platform().report()).count).toBe(before.count + 1);
  });
});

describe("a round that was killed after it pushed its status, before it noted that", () => {
  it("must not have its number given to another", async () => {
    await withPlatform({ release: oneService }, async (platform) => {
      await platform.reconcile();
      const [report, before] = [`${platform.stateDir}/report`, `${platform.folder}/report-before`];
      await cp(report, before, { recursive: true });
      await platform.push({ note: "1" });
      expect((await platform.reconcile()).status.seq).toBe(2);
      await rm(report, { recursive: true });
      await cp(before, report, { recursive: true });
      await platform.push({ note: "2" });
      expect((await platform.reconcile()).status.seq).toBe(3);
      const { count, status } = await platform.report();
      expect({ count, seq: status.seq }).toEqual({ count: 3, seq: 3 });
    });
  });
});

describe("where the status goes", () => {
  it("must be a branch with a page for people, for hosts that refuse notes", async () => {
    await withPlatform({ release: oneService, agent: { report: { as: "branch" } } }, async (platform) => {
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

  it.each([
    { refuses: "the branch", hook: 'case "$1" in refs/notes/keelson/*) ;; *) exit 1 ;; esac', as: "notes" },
    { refuses: "notes", hook: 'case "$1" in refs/notes/*) exit 1 ;; esac', as: "branch" },
  ])("must get through a server whose hook refuses $refuses, by $as", async ({ hook, as }) => {
    await withPlatform({ release: oneService }, async (platform) => {
      const path = join(platform.server.pathOf("platform"), "hooks/update");
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, `#!/bin/sh\n${hook}\n`, { mode: 0o755 });
      const other = as === "notes" ? "branch" : "notes";
      const reportedBy = async (way: string) => {
        await platform.configure({ report: { as: way } });
        return reasonOf((await platform.reconcile()).status, "Reported");
      };
      expect([await reportedBy(other), await reportedBy(as)]).toEqual(["K2013", "Published"]);
      expect(await serverRefs(platform)).toHaveLength(1);
      // The hook is one that Git asks.
      const pushed = await platform.repository.tryGit("push", "origin", "HEAD:refs/heads/another");
      expect(pushed.exitCode).toBe(as === "notes" ? 1 : 0);
    });
  });

  it("must be a repository of its own where one is named, and nowhere when it is not wanted", async () => {
    await withPlatform({ release: oneService }, async (platform) => {
      await platform.server.createRepository("reports");
      await platform.configure({ report: { url: platform.server.url("reports") } });
      await platform.reconcile();
      expect((await platform.report("reports")).count).toBe(1);
      expect(await serverRefs(platform)).toEqual([]);

      await platform.configure({ report: { as: "none" } });
      const round = await platform.reconcile();
      expect(conditionOf(round.status, "Reported")).toBe("unknown");
      expect(reasonOf(round.status, "Reported")).toBe("Off");
      expect(round.status.heartbeatSeconds).toBe(0);
      expect((await platform.report("reports")).count).toBe(1);
    });
  });

  it("must say after each heartbeat that nothing changed, and once what happened while Git was away", async () => {
    const agent = { report: { heartbeat: "3s" } };
    await withNode({ release: oneService, agent }, async (node) => {
      await node.agent.until("three reports", async () => (await node.report()).count >= 3);
      const before = await node.report();
      expect(before.status).toMatchObject({ heartbeatSeconds: 3, seq: before.count });

      await node.server.stop();
      await node.agent.until("Git to be missed", () => node.agent.log().includes("K2001"));
      for (let stops = 1; stops <= 3; stops++) {
        const { startedAt } = await node.stop("web/web");
        await node.agent.until("the repair", async () => {
          const now = await node.container("web/web");
          return now.state === "running" && now.startedAt !== startedAt;
        });
      }
      await node.server.start();
      // The first report that can be told may be of a round that began while Git was away.
      await node.agent.until("the report", async () => {
        const { status, count } = await node.report();
        expect(status.seq).toBe(count);
        return (
          status.operation?.finishedAt !== before.status.operation?.finishedAt &&
          conditionOf(status, "SourceReady") === "true"
        );
      });
    });
  });
});
