import { type Follow, type FollowedBranch, KeelsonError, type Revision, stalled } from "@keelson/model";
import { describe, expect, it } from "vitest";

import { followRevision } from "./follow-revision.ts";

const away = new KeelsonError({ code: "K2001", message: "away" });
const damaged = new KeelsonError({ code: "K2009", message: "damaged" });
const rewound = new KeelsonError({ code: "K2016", message: "rewound", outcome: stalled });

const revisionOf = (commit: string): Revision => ({
  commit,
  ref: "refs/heads/main",
  subject: "",
  author: "",
  committedAt: null,
  fetched: false,
  readFiles: async () => Promise.resolve(new Map()),
});

interface Node {
  followed?: FollowedBranch;
  reported?: string;
  tracked?: string | KeelsonError;
  known?: string;
  server: string | Error;
}

function follow(node: Node) {
  const asked: Follow[] = [];
  const saved: string[] = [];
  const revision = followRevision(
    {
      fetchRevision: async (from) => {
        asked.push(from);
        if (node.server instanceof Error) throw node.server;
        return Promise.resolve(revisionOf(node.server));
      },
      readTracked: async () => {
        if (node.tracked instanceof KeelsonError) throw node.tracked;
        return Promise.resolve(node.tracked === undefined ? null : revisionOf(node.tracked));
      },
      knownCommit: node.known ?? null,
      refusedCommit: (error) => (error === rewound ? "bad" : null),
      record: {
        readFollowed: () => node.followed ?? null,
        saveFollowed: ({ commit }) => saved.push(commit),
      },
      readReported: async () => Promise.resolve(node.reported ?? null),
    },
    "main",
  );
  return { revision, asked, saved };
}

const followed: FollowedBranch = { branch: "main", commit: "a", accepted: null };

describe("followRevision", () => {
  it("must go on from what was followed last, and remember how far it came", async () => {
    const { revision, asked, saved } = follow({ followed: { ...followed, accepted: "c" }, server: "b" });
    expect((await revision).commit).toBe("b");
    expect([asked, saved]).toEqual([[{ after: "a", accepted: "c" }], ["b"]]);
  });

  it("must not ask again what was asked just before", async () => {
    const { revision, asked } = follow({ followed, tracked: "a", known: "a", server: "b" });
    expect((await revision).commit).toBe("a");
    expect(asked).toEqual([]);
  });

  it.each<[string, Node]>([
    ["is not what was followed", { followed, tracked: "a", known: "b", server: "b" }],
    ["is not in the copy", { followed, known: "a", server: "b" }],
    ["is in a damaged copy", { followed, tracked: damaged, known: "a", server: "b" }],
    [
      "is of another branch",
      { followed: { ...followed, branch: "old" }, tracked: "a", known: "a", server: "b" },
    ],
    ["is all that is known", { tracked: "a", known: "a", server: "b" }],
  ])("must ask when what was seen just before %s", async (_what, node) => {
    const { revision, asked } = follow(node);
    expect((await revision).commit).toBe("b");
    expect(asked).toHaveLength(1);
  });

  it("must know from its own report how far it had come when the record is lost", async () => {
    const { revision, asked } = follow({ reported: "r", server: "s" });
    await revision;
    expect(asked).toEqual([{ after: "r", accepted: null }]);
  });

  it("must know it from its own copy sooner than from a report, which somebody else holds", async () => {
    const { revision, asked } = follow({ tracked: "t", reported: "r", server: "s" });
    await revision;
    expect(asked).toEqual([{ after: "t", accepted: null }]);
  });

  it("must stay at its own copy when the record is lost while Git is away", async () => {
    const { revision, saved } = follow({ tracked: "t", server: away });
    expect(await revision).toMatchObject({ commit: "t", staleBecause: away });
    expect(saved).toEqual([]);
  });

  it("must ask its report where its copy is damaged as well", async () => {
    const { revision, asked } = follow({ tracked: damaged, reported: "r", server: "s" });
    await revision;
    expect(asked).toEqual([{ after: "r", accepted: null }]);
  });

  it("must begin anew on another branch, because a human named it on the node", async () => {
    const { revision, asked } = follow({
      followed: { ...followed, branch: "old", accepted: "x" },
      reported: "r",
      server: "s",
    });
    await revision;
    expect(asked).toEqual([{ after: null, accepted: null }]);
  });

  it("must stay at the last revision while Git is away", async () => {
    const { revision, saved } = follow({ followed, tracked: "a", server: away });
    expect(await revision).toMatchObject({ commit: "a", staleBecause: away });
    expect(await revision).not.toHaveProperty("refused");
    expect(saved).toEqual([]);
  });

  it("must stay at the last revision and name the other one when the branch went back", async () => {
    const { revision, saved } = follow({ followed, tracked: "a", server: rewound });
    expect(await revision).toMatchObject({ commit: "a", staleBecause: rewound, refused: "bad" });
    expect(saved).toEqual([]);
  });

  it.each<[string, Node]>([
    ["there is no revision yet", { server: away }],
    [
      "the last one is of another branch",
      { followed: { ...followed, branch: "old" }, tracked: "a", server: away },
    ],
    ["it is a bug", { followed, tracked: "a", server: new Error("bug") }],
  ])("must not make a revision up when %s", async (_what, node) => {
    await expect(follow(node).revision).rejects.toBe(node.server);
  });
});
