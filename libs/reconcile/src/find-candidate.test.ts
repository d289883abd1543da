import {
  type Follow,
  type FollowedBranch,
  KeelsonError,
  type Snapshot,
  type Verdict,
  stalled,
} from "@keelson/model";
import { describe, expect, it } from "vitest";

import { findCandidate } from "./find-candidate.ts";

const away = new KeelsonError({ code: "K2001", message: "away" });
const damaged = new KeelsonError({ code: "K2009", message: "damaged" });
const rewound = new KeelsonError({ code: "K2016", message: "rewound", outcome: stalled });

const snapshotOf = (commit: string): Snapshot => ({
  commit,
  ref: "refs/heads/main",
  subject: "",
  author: "",
  committedAt: null,
  readFiles: async () => Promise.resolve(new Map()),
  listPaths: async () => Promise.resolve([]),
});

interface Node {
  followed?: FollowedBranch;
  published?: string;
  tracked?: string | KeelsonError;
  known?: string;
  server: string | KeelsonError | Error;
}

function find(node: Node) {
  const asked: Follow[] = [];
  const saved: string[] = [];
  const candidate = findCandidate(
    {
      branch: "main",
      fetchCandidate: async (from) => {
        asked.push(from);
        return Promise.resolve(judge(node.server));
      },
      readTracked: async () => {
        if (node.tracked instanceof KeelsonError) throw node.tracked;
        return Promise.resolve(node.tracked === undefined ? null : snapshotOf(node.tracked));
      },
      knownCommit: node.known ?? null,
      readPublished: async () => Promise.resolve(node.published ?? null),
    },
    {
      readFollowed: () => (node.followed === undefined ? [] : [node.followed]),
      saveFollowed: (all) => saved.push(...all.map(({ branch, commit }) => `${branch} ${commit}`)),
    },
  );
  return { candidate, asked, saved };
}

function judge(server: Node["server"]): Verdict {
  if (typeof server === "string") return { kind: "accepted", snapshot: snapshotOf(server) };
  if (server === rewound) return { kind: "refused", commit: "bad", error: rewound };
  if (server instanceof KeelsonError) return { kind: "unavailable", error: server };
  throw server;
}

const commitOf = async ({ candidate }: ReturnType<typeof find>) => {
  const { verdict } = await candidate;
  return verdict.kind === "accepted" ? verdict.snapshot.commit : verdict.kind;
};
const lastOf = async ({ candidate }: ReturnType<typeof find>) => (await candidate).last?.commit ?? null;

const followed: FollowedBranch = { branch: "main", commit: "a", accepted: null };
const other: FollowedBranch = { branch: "old", commit: "a", accepted: "x" };

describe("findCandidate", () => {
  it("must go on from what was followed last, and remember how far it came", async () => {
    const found = find({ followed: { ...followed, accepted: "c" }, server: "b" });
    expect([await commitOf(found), await lastOf(found)]).toEqual(["b", "b"]);
    expect([found.asked, found.saved]).toEqual([[{ after: "a", accepted: "c" }], ["main b"]]);
  });

  it("must not ask again what was asked just before", async () => {
    const found = find({ followed, tracked: "a", known: "a", server: "b" });
    expect(await commitOf(found)).toBe("a");
    expect([found.asked, found.saved]).toEqual([[], []]);
  });

  it.each<[string, Node]>([
    ["is not what was followed", { followed, tracked: "a", known: "b", server: "b" }],
    ["is not in the copy", { followed, known: "a", server: "b" }],
    ["is in a damaged copy", { followed, tracked: damaged, known: "a", server: "b" }],
    ["is of another branch", { followed: other, tracked: "a", known: "a", server: "b" }],
    ["is all that is known", { tracked: "a", known: "a", server: "b" }],
  ])("must ask when what was seen just before %s", async (_what, node) => {
    const found = find(node);
    expect(await commitOf(found)).toBe("b");
    expect(found.asked).toHaveLength(1);
  });

  it.each<[string, Node, string | null]>([
    ["its own copy when the record is lost", { tracked: "t", published: "p", server: "s" }, "t"],
    ["its published status when the copy is lost as well", { published: "p", server: "s" }, "p"],
    ["its published status when the copy is damaged", { tracked: damaged, published: "p", server: "s" }, "p"],
    ["nothing when there is nothing", { server: "s" }, null],
    [
      "nothing on another branch, which a person named",
      { followed: other, published: "p", server: "s" },
      null,
    ],
  ])("must know how far it had come by %s", async (_what, node, after) => {
    const found = find(node);
    await found.candidate;
    expect(found.asked).toEqual([{ after, accepted: null }]);
  });

  it.each<[string, Node, string, string | null]>([
    ["Git is away", { followed, tracked: "a", server: away }, "unavailable", "a"],
    ["Git is away and the record is lost", { tracked: "t", server: away }, "unavailable", "t"],
    ["the branch went back", { followed, tracked: "a", server: rewound }, "refused", "a"],
    ["Git is away from the start", { server: away }, "unavailable", null],
    [
      "Git is away and the copy is damaged",
      { followed, tracked: damaged, server: away },
      "unavailable",
      null,
    ],
    ["the copy is of another branch", { followed: other, tracked: "a", server: away }, "unavailable", null],
  ])("must offer what was followed last, and remember nothing, when %s", async (_what, node, kind, last) => {
    const found = find(node);
    expect([await commitOf(found), await lastOf(found)]).toEqual([kind, last]);
    expect(found.saved).toEqual([]);
  });

  it("must not take a bug for an absent source", async () => {
    const bug = new Error("bug");
    await expect(find({ followed, tracked: "a", server: bug }).candidate).rejects.toBe(bug);
  });
});
