import { type HostPath, KeelsonError, type NodeGrants } from "@keelson/model";
import { expect, test } from "vitest";

import { judgeClock } from "./clock.ts";
import { judgeName } from "./git-checks.ts";
import { engineThresholds, judgeSpace } from "./disk-checks.ts";
import { judgeAllowed } from "./host-checks.ts";
import { judgeCompose } from "./programs-checks.ts";
import { judgeProbes } from "./registry-checks.ts";
import type { Verdict } from "./verdict.ts";

const MiB = 1024 ** 2;

test.each([
  [0, "ok", "within 5 s of the server's"],
  [-5_000, "ok", "within 5 s of the server's"],
  [5_001, "warning", "5 s ahead of the server's"],
  [-60_000, "warning", "60 s behind the server's"],
  [60_600, "failure", "61 s ahead of the server's"],
  [-3_600_000, "failure", "3600 s behind the server's"],
])("a clock that is %i ms ahead is %s", (aheadMs, result, found) => {
  const verdict = judgeClock(aheadMs, "the server's");
  expect(verdict).toMatchObject({ result, found });
  expect(verdict.hint === "").toBe(result === "ok");
});

test.each([
  [8192 * MiB, 1_000_000, "ok", "8.0 GiB and 1,000,000 inodes free for /disk"],
  [8192 * MiB, null, "ok", "8.0 GiB free for /disk"],
  [1000 * MiB, null, "warning", "1000 MiB free for /disk"],
  [8192 * MiB, 40_000, "warning", "8.0 GiB and 40,000 inodes free for /disk"],
  [100 * MiB, 40_000, "failure", "100 MiB and 40,000 inodes free for /disk"],
  [8192 * MiB, 10, "failure", "8.0 GiB and 10 inodes free for /disk"],
])("%i bytes and %s inodes are %s", (freeBytes, freeInodes, result, found) => {
  const verdict = judgeSpace({ path: "/disk", freeBytes, freeInodes }, engineThresholds);
  expect(verdict).toMatchObject({ result, found });
  expect(verdict.hint === "").toBe(result === "ok");
});

test.each([
  ["2.26.1", "ok"],
  ["2.40.3", "ok"],
  ["5.7.1", "warning"],
])("Docker Compose %s is %s, with the versions that were tried", (version, result) => {
  const verdict = judgeCompose({ version, binary: "/docker-compose" });
  expect(verdict).toMatchObject({ result, found: expect.stringContaining("tried with 2.26 to 5.5") });
  expect(verdict.hint === "").toBe(result === "ok");
});

const given = { host: "a.example", image: "a.example/x", login: "/c.json", isPresent: false, isGiven: true };
const cause = new Error("the engine could not", { cause: new Error("denied: pa55word") });
const refusal = new KeelsonError({
  code: "K3002",
  message: "b.example does not give it",
  hint: "log in",
  cause,
});
const refused = { host: "b.example", image: "b.example/x", login: null, isGiven: false, fault: refusal };
const unread = new KeelsonError({ code: "K3035", message: "the program is missing", hint: "run it" });

test.each([
  ["ok", [{ ...given, fault: null }], "a.example gives images with the login from /c.json", ""],
  [
    "failure",
    [
      { ...given, login: null, fault: unread },
      { ...refused, isPresent: false },
    ],
    "a.example gives images without a login, and the one for it cannot be had: the program is missing [K3035]\n" +
      "b.example does not give it (denied: ***) [K3002]",
    "log in",
  ],
  [
    "warning",
    [{ ...refused, isPresent: true }],
    "b.example does not give it (denied: ***) [K3002]",
    "log in",
  ],
])("registries make a verdict that is %s", (result, probes, found, hint) => {
  const hide = (text: string) => text.replaceAll("pa55word", "***");
  expect(judgeProbes(probes, hide)).toEqual({ result, found, hint });
});

test.each([
  ["lab", "lab-1", "ok", "lab/lab-1 is in the repository", ""],
  ["lab", "lab-2", "failure", "environment lab has no node `lab-2` [K1111]", "did you mean `lab-1`"],
  ["labb", "lab-1", "failure", "there is no environment `labb` with a node [K1110]", "did you mean `lab`"],
  ["clinic", "lab-1", "failure", "there is no environment `clinic` with a node [K1110]", ""],
])("the name %s/%s is %s", (environment, node, result, found, hint) => {
  const paths = [
    "environments/lab/environment.yaml",
    "environments/lab/nodes/lab-1.yaml",
    "environments/clinic/environment.yaml",
  ];
  const verdict = judgeName({ environment, node }, paths);
  expect(verdict).toMatchObject({ result, found, hint: expect.stringContaining(hint) });
});

const permit = { readOnly: false, nested: false };
const there = { "/srv/media": { real: "/srv/media", fault: "" } };

test.each<[string, NodeGrants | "all", Record<string, HostPath>, Pick<Verdict, "result" | "found">]>([
  ["nothing", {}, {}, { result: "ok", found: "nothing of the host is permitted" }],
  [
    "what is harmless",
    { paths: { media: { path: "/srv/media", ...permit } }, capabilities: ["NET_ADMIN"] },
    there,
    { result: "ok", found: "permits paths, capabilities" },
  ],
  [
    "everything",
    "all",
    {},
    { result: "warning", found: "allow: all: whoever can write to the repository is root on this node" },
  ],
  [
    "what is as good as root",
    {
      engineSocket: true,
      privileged: false,
      namespaces: ["pid", "network"],
      capabilities: ["SYS_ADMIN", "NET_ADMIN"],
      paths: { media: { path: "/srv/media", readOnly: false, nested: true } },
    },
    there,
    {
      result: "warning",
      found:
        "root on this node, with engineSocket: true, namespace pid, capability SYS_ADMIN, nested: true of path media",
    },
  ],
  [
    "what is not there",
    {
      nested: true,
      paths: { media: { path: "/srv/media", ...permit }, nas: { path: "/mnt/nas", ...permit } },
    },
    {
      "/srv/media": { real: null, fault: "" },
      "/mnt/nas": { real: null, fault: "its file system does not answer" },
    },
    {
      result: "warning",
      found:
        "root on this node, with nested: true\n/srv/media is permitted and not there\n/mnt/nas cannot be seen: its file system does not answer",
    },
  ],
])("an agent.yaml that permits %s", (_what, allow, paths, verdict) => {
  const judged = judgeAllowed(allow, paths);
  expect(judged).toMatchObject(verdict);
  expect(judged.hint === "").toBe(verdict.result === "ok");
});
