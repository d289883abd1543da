import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { type Candidate, KeelsonError, type Snapshot, type Verdict } from "../libs/model/src/index.ts";
import { chooseTarget } from "../libs/reconcile/src/index.ts";
import { formatBecause } from "../libs/report/src/index.ts";
import { tablesOf } from "./documents/markdown.ts";
import { checkout } from "./support/index.ts";

const page = readFileSync(join(checkout, "docs/spec/target.md"), "utf8");
const none = "–";

const away = new KeelsonError({ code: "K2001", message: "away" });
const rewound = new KeelsonError({ code: "K2016", message: "rewound" });

function rowsOf(column: string): Record<string, string>[] {
  const table = tablesOf(page).find(({ columns }) => columns[0] === column);
  if (table === undefined) throw new Error(`docs/spec/target.md has no table of ${column}`);
  const { columns, rows } = table;
  return rows.map((row) => Object.fromEntries(columns.map((name, index) => [name, row[index] ?? ""])));
}

function snapshotOf(letter = none): Snapshot | null {
  const commit = letter.repeat(40);
  const readFiles = async () => Promise.resolve(new Map());
  const listPaths = async () => Promise.resolve([]);
  return letter === none
    ? null
    : { commit, ref: "refs/heads/main", subject: "", author: "", committedAt: null, readFiles, listPaths };
}

function verdictOf(kind: string | undefined, shown: Snapshot | null): Verdict {
  if (kind === "unavailable") return { kind, error: away };
  if (shown === null) throw new Error("a branch that can be read shows a commit");
  if (kind === "refused") return { kind, commit: shown.commit, error: rewound };
  return { kind: "accepted", snapshot: shown };
}

function chooseFor(row: Record<string, string>) {
  const candidate: Candidate = {
    branch: "main",
    verdict: verdictOf(row["verdict"], snapshotOf(row["the branch shows"])),
    last: snapshotOf(row["followed last"]),
  };
  const faulty = snapshotOf(row["has problems"]);
  return chooseTarget({
    candidates: [candidate],
    faulty: new Map(faulty === null ? [] : [[faulty.commit, {}]]),
    suspension: row["suspended"] === none ? null : { since: "", by: "", reason: "" },
    attempted: snapshotOf(row["worked on last"]),
  });
}

describe("the target", () => {
  it.each(rowsOf("the branch shows"))(
    "must be what its document says: $verdict $snapshot because $because",
    (row) => {
      const target = chooseFor(row);
      const chosen = target.instances?.every;
      const snapshot = snapshotOf(row["snapshot"]);
      const because = target.because.map(({ kind }) => kind).join(", ") || none;
      expect({ mode: chosen?.mode ?? none, because }).toEqual({ mode: row["mode"], because: row["because"] });
      expect(chosen?.snapshot.commit ?? null).toBe(snapshot?.commit ?? null);
      expect([...target.snapshots.values()].map(({ commit }) => commit)).toEqual(
        snapshot === null ? [] : [snapshot.commit],
      );
    },
  );

  it.each(rowsOf("because"))("must be told as its document says: $because", (row) => {
    const said = rowsOf("the branch shows").flatMap((each) => {
      const chosen = chooseFor(each).instances?.every;
      const isMeant = (row["because"] === "nothing" ? none : row["because"]) === each["because"];
      return chosen === undefined || !isMeant ? [] : [formatBecause(chosen, { branch: "main" })];
    });
    expect(said).toContain(row["source.target.because"]);
  });

  it("must be nothing when one of several sources has nothing to be at", () => {
    const own = { branch: "main", verdict: verdictOf("accepted", snapshotOf("a")), last: null };
    const site = { branch: "site/a", verdict: verdictOf("unavailable", null), last: null };
    const target = chooseTarget({
      candidates: [own, site],
      faulty: new Map(),
      suspension: null,
      attempted: null,
    });
    expect(target).toMatchObject({ instances: null, because: [{ kind: "unavailable", branch: "site/a" }] });
  });
});
