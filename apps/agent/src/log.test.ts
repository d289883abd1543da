import { KeelsonError, type Operation } from "@keelson/model";
import { describe, expect, it } from "vitest";

import type { Log, LogForm } from "./log-event.ts";
import { newLog } from "./log.ts";
import { logKeelsonEvent } from "./round-log.ts";
import { newWatchLog } from "./watch-log.ts";

const node = { environment: "lab", node: "lab-1" };

function record(form: LogForm, say: (log: Log) => void): string {
  let text = "";
  const stream = { write: (part: string) => void (text += part) };
  say(newLog({ form, stream, node }));
  return text;
}

const operation: Operation = {
  kind: "await-service",
  id: "#1",
  resource: "service:lab-core/nginx",
  causes: [],
  class: "live",
  after: [],
  instance: "core",
  project: "lab-core",
  service: "nginx",
  condition: "service_healthy",
  mayEnd: false,
  timeoutMs: 1,
};
const cause = new Error("\u001b[2Jno licence\u202e");
const error = new KeelsonError({ code: "K3005", message: "nginx is unhealthy", hint: "Look at it.", cause });
const events: Parameters<typeof logKeelsonEvent>[1][] = [
  { type: "step-started", step: "fetch" },
  { type: "operation-finished", operation, elapsedMs: 12.3 },
  { type: "operation-failed", operation, error, elapsedMs: 5 },
  { type: "operation-skipped", operation, because: "nginx failed" },
];
const sayAll = (log: Log) => {
  for (const event of events) logKeelsonEvent(log, event);
};

describe("the log of a round", () => {
  it("must be a line of JSON for each event, with its code and resource", () => {
    const lines = record("json", sayAll).trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: "info", ...node, event: "operation-done", resource: operation.resource, elapsedMs: 12 },
      {
        level: "error",
        event: "operation-failed",
        code: "K3005",
        message: "nginx is unhealthy",
        hint: "Look at it.",
      },
      {
        level: "warn",
        event: "operation-skipped",
        message: "skipped waiting for lab-core/nginx: nginx failed",
      },
    ]);
    expect(JSON.parse(lines[0] ?? "").time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  it("must be a text for people, which nothing that others wrote can control", () => {
    const text = record("human", sayAll);
    const times = /^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d /gm;
    expect(text.match(times)).toHaveLength(3);
    // What has several lines stays together, below its first one.
    expect(text.replaceAll(times, "").replaceAll(/^ {20}/gm, "")).toBe(`done waiting for lab-core/nginx 12 ms
failed waiting for lab-core/nginx: service:lab-core/nginx
error[K3005] nginx is unhealthy
  cause: \\u{1b}[2Jno licence\\u{202e}
  hint: Look at it.
skipped waiting for lab-core/nginx: nginx failed
`);
  });

  it.each(["human", "json"] as const)("must have no login in it as %s", (form) => {
    const message = "http://user:word@git.example/ is away";
    expect(record(form, (log) => log({ level: "warn", event: "e", message }))).toContain(
      "http://***@git.example/",
    );
  });
});

describe("the log of the watcher", () => {
  it("must have the same fields as a round's, in the same order", () => {
    const event = { level: "warn", event: "git-away", message: "away\u001b\u202e", code: "K2001" } as const;
    let text = "";
    const stream = { write: (part: string) => void (text += part) };
    newWatchLog({ form: "json", stream, node: () => node })(event);
    const ours = JSON.parse(text);
    const theirs = JSON.parse(record("json", (log) => log(event)));
    expect(Object.keys(ours)).toEqual(Object.keys(theirs));
    expect({ ...ours, time: "" }).toEqual({ ...theirs, time: "" });
    newWatchLog({ form: "human", stream, node: () => null })(event);
    expect(text).toMatch(/^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d watch: away\\u\{1b\}\\u\{202e\} \[K2001\]\n$/m);
  });
});
